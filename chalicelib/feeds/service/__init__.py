"""What is done with files of suppliers. No other context asks; routes and tasks take `use_cases`."""
