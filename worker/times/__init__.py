"""When what is heard: the times of sentences and words, from takes, pauses and aligners to the finished file."""
