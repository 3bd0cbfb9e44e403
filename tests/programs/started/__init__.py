"""Programs that tests or other programs start; they have no header, their tests know what they do."""
