"""All routes, in the order in which they are matched and documented."""

from producer import content, discovery, health, jobs, segments, speech, webhooks
from producer.admin import keys, tenants, usage
from producer.batches import content as batch_content
from producer.batches import routes as batches
from producer.books import content as book_content
from producer.books import revise as book_revise
from producer.books import routes as books
from producer.books import segments as book_segments
from producer.files import routes as files
from producer.lexicons import routes as lexicons
from producer.metrics import route as metrics
from producer.voices import preview as voice_preview
from producer.voices import routes as voices
from producer.webhook_endpoints import deliveries as endpoint_deliveries
from producer.webhook_endpoints import routes as webhook_endpoints

ROUTERS = tuple(part.router for part in (
    speech, jobs, segments, content,
    books, book_content, book_segments, book_revise,
    files, batches, batch_content,
    voices, voice_preview, lexicons,
    webhooks, webhook_endpoints, endpoint_deliveries,
    discovery, usage, keys, tenants,
    health, metrics))
