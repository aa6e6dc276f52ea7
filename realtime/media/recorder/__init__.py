"""What is written of a stage while it is live: the programme for HLS and for keeping, and the separate tracks.

It runs in a process of its own, fed with packets by the media process through a pipe: a slow or full disk never
holds up a packet to a viewer, and when either of the two is killed the other puts its files in order.
"""
