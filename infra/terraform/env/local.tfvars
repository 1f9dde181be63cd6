# The laptop: a local cloud behind AWS_ENDPOINT_URL.
stage               = "local"
local_cloud         = true
deletion_protection = false
tracing             = false
log_level           = "INFO"
log_retention_days  = 1
sender_address      = "shop@aisle.example"
