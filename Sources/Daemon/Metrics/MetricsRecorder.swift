// The book of the metrics, for all threads that something happens on.

import Synchronization

package final class MetricsRecorder: Witness {
    private let contents = Mutex(MetricsBook())

    package init() {}

    package func hear(_ occurrence: Occurrence) { contents.withLock { $0.hear(occurrence) } }

    package var book: MetricsBook { contents.withLock { $0 } }
}
