// The settings as they are now: a reload replaces them, and who works by them asks here each time.

import Synchronization

package final class LiveConfiguration: Sendable {
    private let value: Mutex<DaemonConfiguration>

    package init(_ configuration: DaemonConfiguration) {
        value = Mutex(configuration)
    }

    package var current: DaemonConfiguration { value.withLock { $0 } }

    package func replace(by configuration: DaemonConfiguration) {
        value.withLock { $0 = configuration }
    }
}
