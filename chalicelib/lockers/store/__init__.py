"""Lockers in the table.

| item | pk | sk | gsi1 | gsi2 |
|---|---|---|---|---|
| site | SITE#<id> | SITE | SITES#<cell> / <id> | |
| cabinet | CABINET#<id> | CABINET | CABINETS#<site> / <id> | |
| serial number | SERIAL#<number> | SERIAL | | |
| compartment | CABINET#<id> | COMPARTMENT#<number> | COMPARTMENTS#<site>#<status> / <cabinet>#<number> | |
| command | CABINET#<id> | COMMAND#<id> | COMMANDS#<cabinet> / <id>, while it is pending | |
| its line | CABINET#<id> | CONNECTION | | |
| grant | CABINET#<id> | GRANT#<id> | | |
| journal entry | CABINET#<id> | JOURNAL#<sequence, twelve digits> | | |
| pickup | PICKUP#<id> | PICKUP | PICKUPS#<site>#<status> / <id> | WAITLIST#<shard> / <site>#<id>, while it waits |
| workflow's tokens | PICKUP#<id> | TOKENS | | |
| passcode | PASSCODE#<site>#<keyed hash> | PASSCODE | | |
| what happened on a day | LOCKERDAYS#<site> | <date> | | |
| wrong tries | GUARD#<kind>#<of whom> | GUARD | | |
"""
