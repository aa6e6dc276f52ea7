"""`multaqa doctor`: looks at an installation from inside and outside, and says in plain words what is wrong.

Every check is a function that returns findings and raises nothing; what to do stands in the sentence itself.
"""
