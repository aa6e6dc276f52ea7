"""The media process: it takes speakers' packets by WHIP and forwards them to viewers by WHEP, without decoding.

It knows rooms, publishers, viewers and feeds, never persons, roles or the database; the server tells it what
to do over the control link (`service.py`) and hears from it what is.
"""
