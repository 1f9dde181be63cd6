"""Ways out of suppliers: the workflow, sealed bank accounts, the endpoint's secrets, the endpoint, storage of documents."""
