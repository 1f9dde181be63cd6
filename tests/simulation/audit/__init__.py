"""What must hold: after every write (`commits`), and when everything has come to rest (`rest`).

It reads the stored items by itself and works everything out anew; the code under test is not asked.
"""
