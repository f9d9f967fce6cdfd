"""/v1/audio/books: a book in, an audiobook out. Begin with routes.py and submit.py.

    routes.py     create, look, list, cancel, retry, delete
    revise.py     a new revision: rerender, or one segment again
    content.py    the files of a book and of its chapters
    segments.py   what a chapter was cut into
    ask.py        a request, checked: JSON, or a form (form.py, parts.py) whose fields fields.py decodes
    submit.py     storing what the book is made from, and SUBMIT
    find.py       a book and its chapters, or 404
    answer.py     books as answers
"""
