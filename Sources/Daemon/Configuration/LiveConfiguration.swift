// The settings as they are now: a reload replaces them, and who works by them asks here each time.

import Synchronization

package final class LiveConfiguration: Sendable {
    private struct Contents {
        let configuration: DaemonConfiguration
        let adminGroup: Int?

        init(_ configuration: DaemonConfiguration) {
            self.configuration = configuration
            adminGroup = Groups.number(named: configuration.adminGroup)
        }
    }

    private let contents: Mutex<Contents>

    package init(_ configuration: DaemonConfiguration) {
        contents = Mutex(Contents(configuration))
    }

    package var current: DaemonConfiguration { contents.withLock { $0.configuration } }

    /// The number of the admins' group, looked up with each reload; nil where there is no such
    /// group.
    package var adminGroup: Int? { contents.withLock { $0.adminGroup } }

    package func replace(by configuration: DaemonConfiguration) {
        let new = Contents(configuration)
        contents.withLock { $0 = new }
    }
}
