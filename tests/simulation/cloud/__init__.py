"""What Terraform puts around our functions: queues, the bus with its rules, Step Functions and the clients of all of them."""
