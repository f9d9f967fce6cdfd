"""How launches are cut to the sizes that graphs have."""

from hypothesis import given
from hypothesis import strategies as st

from worker.engine.buckets import (
    LONG_CHUNK_FRAMES,
    TAKES,
    ChunkBucket,
    PromptBucket,
    TakeBucket,
    chunk_buckets,
    group_prompts,
    prompt_buckets,
    row_buckets,
    split_exactly,
    split_rows,
    take_buckets,
)


def test_there_is_a_size_for_every_number_of_slots() -> None:
    assert row_buckets(1) == [1]
    assert row_buckets(5) == [1, 2, 4, 5]
    assert row_buckets(256)[-4:] == [96, 128, 192, 256]
    assert row_buckets(300)[-3:] == [192, 256, 300]
    assert row_buckets(512)[-5:] == [256, 320, 384, 448, 512]


def test_a_slot_bounds_the_length_of_prompts() -> None:
    assert prompt_buckets(1, 100) == [PromptBucket(1, length) for length in (32, 48, 64, 80, 96, 100)]
    assert max(bucket.length for bucket in prompt_buckets(1, 4096)) == 1024
    assert {bucket.length for bucket in prompt_buckets(8, 4096) if bucket.n_prompts == 8} == {32, 48, 64, 80, 96, 128}


@given(st.integers(1, 600), st.integers(1, 600))
def test_rows_fill_all_launches_but_the_last(n_rows: int, n_slots: int) -> None:
    buckets = row_buckets(n_slots)
    sizes = split_rows(n_rows, buckets)
    assert set(sizes) <= set(buckets)
    assert sum(sizes[:-1]) < n_rows <= sum(sizes)
    assert set(sizes[:-1]) <= {n_slots}
    assert not [size for size in buckets if n_rows - sum(sizes[:-1]) <= size < sizes[-1]]


def test_without_sizes_rows_go_as_they_are() -> None:
    assert split_rows(7, []) == [7]


@given(st.lists(st.integers(1, 1500), min_size=1, max_size=8))
def test_every_prompt_is_in_one_group_that_holds_it(lengths: list[int]) -> None:
    groups = group_prompts(lengths, prompt_buckets(8, 1500))
    assert sorted(member for group in groups for member in group.members) == list(range(len(lengths)))
    for group in groups:
        assert len(group.members) <= group.bucket.n_prompts
        assert max(lengths[member] for member in group.members) <= group.bucket.length


def test_a_long_prompt_does_not_stretch_the_short_ones() -> None:
    groups = group_prompts([40, 300, 50, 60], prompt_buckets(8, 1024))
    assert [(group.members, group.bucket) for group in groups] == [((1,), PromptBucket(1, 384)), ((3, 2, 0), PromptBucket(4, 64))]


def test_a_prompt_longer_than_every_size_goes_alone() -> None:
    assert [group.bucket for group in group_prompts([1300, 20], prompt_buckets(8, 2048))] == [
        PromptBucket(1, 1300), PromptBucket(1, 32)
    ]


@given(st.integers(1, 200), st.sets(st.sampled_from(TAKES[1:])))
def test_takes_fill_every_launch(n_takes: int, larger: set[int]) -> None:
    parts = split_exactly(n_takes, {1, *larger})
    assert sum(parts) == n_takes
    assert parts == sorted(parts, reverse=True)
    assert set(parts) <= {1, *larger}


def test_a_codec_batch_is_never_larger_than_its_memory() -> None:
    assert all(bucket.n_takes * bucket.n_frames <= 512 for bucket in take_buckets(512))
    assert TakeBucket(8, 128) in take_buckets(1024)


def test_a_single_stream_has_a_size_for_every_chunk_and_for_references() -> None:
    sizes = chunk_buckets((1, 2, 25))
    assert {size.n_frames for size in sizes if size.n_streams == 1} == {1, 2, 25, LONG_CHUNK_FRAMES}
    assert ChunkBucket(8, 25) in sizes
    assert max(size.n_streams * size.n_frames for size in sizes) == 200, "no larger than the codec's smallest batches"
