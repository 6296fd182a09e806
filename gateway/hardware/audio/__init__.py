"""What moves samples between a card and a line's rings; `audio_alsa` puts it together."""
