// The settings as they are now: a reload replaces them, and who works by them asks here each time.

import DurableIO
import HTTP
import Jobs
import Synchronization

package final class LiveConfiguration: Sendable {
    private struct Contents {
        let configuration: DaemonConfiguration
        let adminGroup: Int?
        let proxies: TrustedProxies

        init(_ configuration: DaemonConfiguration) {
            self.configuration = configuration
            adminGroup = Groups.number(named: configuration.adminGroup)
            proxies = TrustedProxies(configuration.proxy)
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

    /// Whom headers are believed, with users by their numbers.
    package var proxies: TrustedProxies { contents.withLock { $0.proxies } }

    package func replace(by configuration: DaemonConfiguration) {
        let new = Contents(configuration)
        contents.withLock { $0 = new }
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
                if let user = Accounts.number(named: name) { users.insert(Int(user)) }
            }
        }
    }
}
