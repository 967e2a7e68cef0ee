"""What the admin's pages about extensions show: the catalog and its matrix, one extension, the way to switch it."""
