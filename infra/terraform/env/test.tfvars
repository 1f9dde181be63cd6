# The journeys: a second local cloud beside the one a developer keeps running.
stage               = "test"
local_cloud         = true
deletion_protection = false
tracing             = false
log_level           = "INFO"
log_retention_days  = 1
sender_address      = "shop@aisle.example"

# What journeys wait for: faults, and doors that stay open.
cabinet_answer_seconds = 5
door_open_seconds      = 6
