"""Every read: the rows a page needs first, with the position they belong to."""
