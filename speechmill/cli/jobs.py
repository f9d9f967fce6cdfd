"""`speechmill jobs`: list, show, wait, cancel, retry."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from speechmill.cli.caption_files import Srt, Times, Vtt, check_caption_files, save_captions
from speechmill.cli.options import DEFAULT_URL, Json, Url

if TYPE_CHECKING:
    from speechmill.cli.api import JobView

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look after jobs.")

JobId = Annotated[str, typer.Argument(metavar="JOB", help="The id of the job.")]


@app.command("list")
def list_jobs(
    status: Annotated[str, typer.Option(help="Only jobs of this status.")] = "",
    limit: Annotated[int, typer.Option(help="How many, 1 to 100.")] = 20,
    after: Annotated[str, typer.Option(metavar="JOB", help="Go on after this job, the last of the page before.")] = "",
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="Turn the order round.")] = False,
    url: Url = DEFAULT_URL,
    json: Json = False,
) -> None:
    """List jobs, the newest first."""
    from speechmill.cli.api import Api
    from speechmill.cli.show import show_jobs, show_json

    with Api(url) as api:
        page = api.jobs(status=status, limit=limit, after=after, order="asc" if oldest_first else "desc")
    if json:
        show_json(page)
        return
    show_jobs(page["data"])
    if page["has_more"]:
        typer.echo(f"More: --after {page['last_id']}", err=True)


@app.command("show")
def show(job_id: JobId, url: Url = DEFAULT_URL, json: Json = False) -> None:
    """Show a job as it is now."""
    from speechmill.cli.api import Api

    with Api(url) as api:
        _show(api.job(job_id), json)


@app.command("wait")
def wait(
    job_id: JobId,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the audio to this file.")] = None,
    srt: Srt = None,
    vtt: Vtt = None,
    times: Times = None,
    timeout: Annotated[float | None, typer.Option(help="Give up after so many seconds; the job goes on.")] = None,
    url: Url = DEFAULT_URL,
    json: Json = False,
) -> None:
    """Wait until a job has ended; the exit status says how."""
    from speechmill.cli.api import Api
    from speechmill.cli.follow import check_completed, follow
    from speechmill.cli.progress import progress_bar
    from speechmill.cli.sound_file import check_writable

    if output:
        check_writable(output)
    check_caption_files(srt, vtt, times)
    with Api(url) as api:
        with progress_bar() as show_progress:
            job = follow(api, job_id, timeout_s=timeout, on_change=show_progress)
        _show(job, json)
        check_completed(job)
        if output:
            api.download(job, output)
        save_captions(api, job, srt=srt, vtt=vtt, times=times)


@app.command("cancel")
def cancel(job_id: JobId, url: Url = DEFAULT_URL, json: Json = False) -> None:
    """Stop a job. It may still read "cancelling" for a moment."""
    from speechmill.cli.api import Api

    with Api(url) as api:
        _show(api.cancel(job_id), json)


@app.command("retry")
def retry(job_id: JobId, url: Url = DEFAULT_URL, json: Json = False) -> None:
    """Queue what failed of a failed job once more."""
    from speechmill.cli.api import Api

    with Api(url) as api:
        _show(api.retry(job_id), json)


def _show(job: "JobView", as_json: bool) -> None:
    from speechmill.cli.show import show_job, show_json

    show_json(job) if as_json else show_job(job)
