# Every name and every ARN that is known before its resource exists. ARNs are built from names so that what
# only points at a thing does not wait for it, and so that roles can name functions that Chalice creates later.
locals {
  app  = "aisle"
  name = "${local.app}-${var.stage}"

  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition

  tags = {
    app        = local.app
    stage      = var.stage
    managed-by = "terraform"
  }

  # Names of buckets are shared with all the world.
  documents_bucket = "${local.name}-documents-${local.account_id}"

  arn = merge({ documents = "arn:${local.partition}:s3:::${local.documents_bucket}" }, {
    for service, resource in {
      alarm         = "cloudwatch:%s:alarm:${local.name}-"
      bus           = "events:%s:event-bus/${local.name}"
      execution     = "states:%s:execution:${local.name}-"
      function      = "lambda:%s:function:${local.name}"
      iot           = "iot:%s:"
      log_group     = "logs:%s:log-group:"
      pipe          = "pipes:%s:pipe/${local.name}-"
      queue         = "sqs:%s:${local.name}-"
      rule          = "events:%s:rule/${local.name}/${local.name}-"
      ses           = "ses:%s"
      schedule      = "scheduler:%s:schedule-group/default"
      state_machine = "states:%s:stateMachine:${local.name}-"
      table         = "dynamodb:%s:table/${local.name}"
      topic         = "sns:%s:${local.name}-"
    } : service => "arn:${local.partition}:${format(resource, "${var.region}:${local.account_id}")}"
  })
}
