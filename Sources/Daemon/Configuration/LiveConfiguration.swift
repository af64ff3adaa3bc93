// The settings as they are now: a reload replaces them, and who works by them asks here each time.

import DurableIO
import HTTP
import Jobs
import Synchronization

package final class LiveConfiguration: Sendable {
    private struct Contents {
        var configuration: DaemonConfiguration
        var adminGroup: Int?
        let proxies: TrustedProxies

        init(configuration: DaemonConfiguration, adminGroup: Int?) {
            self.configuration = configuration
            self.adminGroup = adminGroup
            proxies = TrustedProxies(configuration.proxy)
        }
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

    /// Whom headers are believed, with users by their numbers.
    package var proxies: TrustedProxies { contents.withLock { $0.proxies } }

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

extension TrustedProxies {
    /// Names that the system does not know are left out: nobody comes as them.
    fileprivate init(_ settings: ProxySettings?) {
        self.init(userHeader: settings?.userHeader)
        for source in settings?.from ?? [] {
            switch source {
            case .address(let text): if let address = IPAddress(text) { addresses.insert(address) }
            case .user(let name):
                if let user = try? Accounts.number(named: name) { users.insert(Int(user)) }
            }
        }
    }
}
