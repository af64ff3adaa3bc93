// The settings as they are now: a reload replaces them, and who works by them asks here each time.

import Synchronization

package final class LiveConfiguration: Sendable {
    private struct Contents {
        var configuration: DaemonConfiguration
        var adminGroup: Int?
    }

    private let contents: Mutex<Contents>
    private let groupNumber: @Sendable (String) -> Int?

    /// - Parameter groupNumber: the number of a group; nil where there is none of that name.
    package init(
        _ configuration: DaemonConfiguration,
        groupNumber: @escaping @Sendable (String) -> Int? = Groups.number
    ) {
        self.groupNumber = groupNumber
        contents = Mutex(
            Contents(
                configuration: configuration, adminGroup: groupNumber(configuration.adminGroup)))
    }

    package var current: DaemonConfiguration { contents.withLock { $0.configuration } }

    /// The number of the admins' group, looked up with each reload and each look of the
    /// self-check; nil where there is no such group.
    package var adminGroup: Int? { contents.withLock { $0.adminGroup } }

    package func replace(by configuration: DaemonConfiguration) {
        let new = Contents(
            configuration: configuration, adminGroup: groupNumber(configuration.adminGroup))
        contents.withLock { $0 = new }
    }

    /// Looks the admins' group up again: it may have been made, or removed, meanwhile.
    package func lookUpAdminGroup() {
        let name = current.adminGroup
        let number = groupNumber(name)
        contents.withLock { if $0.configuration.adminGroup == name { $0.adminGroup = number } }
    }
}
