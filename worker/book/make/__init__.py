"""Making the finished book: sound in, files out, with no knowledge of queues and storage.

Begin with `chapter.make_chapter` (a chapter's joined sound becomes a lossless master and, with one gain, bare encoded *parts*)
and `audio_file.write_book` (parts become one file with chapters, cover and tags; nothing is encoded again). From the same
segments come captions (`cues`, `captions`), the `manifest`, and an EPUB that reads itself aloud (`read_along`).
"""
