"""Meta: what the API says of itself. Serves the OpenAPI document; decides nothing and owns no events."""
