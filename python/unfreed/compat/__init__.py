"""The names people know, over unfreed's own API: to migrate, change the import."""
