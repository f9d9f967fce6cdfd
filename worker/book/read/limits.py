"""How much a book may hold. It comes from a stranger: whatever is beyond these is refused before it is unpacked or parsed."""

MIB = 1024 * 1024

FILE_BYTES = 512 * MIB          # the file itself; images and fonts that are never read count here only
TEXT_FILE_BYTES = 12 * MIB      # plain text, Markdown or JSON: the Bible has 4.5 MB
ENTRIES = 20_000                # of a zip
UNPACKED_BYTES = 2048 * MIB     # what the zip's directory claims its entries sum up to
RATIO = 100                     # unpacked to packed, over the whole zip: fifty for plain prose at best, 1,000 for a bomb
RATIO_FROM_BYTES = 64 * MIB     # below this even a bomb does no harm
PART_BYTES = 8 * MIB            # one page, table of contents or package document
COVER_BYTES = 20 * MIB
READ_BYTES = 192 * MIB          # all that is really unpacked of one zip
DEPTH = 250                     # elements in each other; browsers stop at 512
CHAPTERS = 10_000
TITLE_CHARACTERS = 300          # of a chapter; players show some sixty
SPEAKER_CHARACTERS = 64         # of a label in `[voice: …]`
METADATA_CHARACTERS = 10_000    # of any one field

ADDRESS_SPACE_BYTES = 1024 * MIB  # of the process that reads; a book of 100,000 words touches 60 MiB
CPU_S = 45                        # of its work
