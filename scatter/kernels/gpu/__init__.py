"""What fused models share in Triton. Only what opens a potential on a GPU imports it.

A program computes one atom of one replica, and channels (some of them) and neighbours (a few at a
time) lie side by side in its registers. Every sum is made by one program in an order that depends
on its replica alone, without atomic additions: a replica's bits depend neither on the batch nor on
which programs run first.
"""
