"""Intake, the door: procedures published, dossiers received, supplemented, refused, withdrawn, returned."""
