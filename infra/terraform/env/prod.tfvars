# AWS. Copy what differs per company into a file of your own and pass it after this one.
stage                  = "prod"
log_retention_days     = 365
archive_retention_days = 365

# allowed_account_ids  = ["…"]
# warehouse_principals = ["arn:aws:iam::…:role/warehouse"]
# reviewer_principals = ["arn:aws:iam::…:role/back-office"]
# order_ready_publishers = ["arn:aws:iam::…:role/store-system"]
# portal_origins = ["https://suppliers.…"]
# sender_address       = "shop@…"
# public_url           = "https://…"
# push_application_arn = "arn:aws:sns:…:app/…"
# alarm_emails         = ["operations@…"]
