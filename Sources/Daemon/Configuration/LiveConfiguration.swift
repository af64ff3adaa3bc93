// The settings as they are now: a reload replaces them, and who works by them asks here each time.

import Failures
import HTTP
import Jobs
import Synchronization

package final class LiveConfiguration: Sendable {
    private struct Contents {
        var configuration: DaemonConfiguration
        var adminGroup: Int?
        let proxies: TrustedProxies
        /// Numbers of users that `proxy` names.
        let proxyUsers: [String: UInt32]
        /// Of whom there is no number, or none that could be found out.
        let problems: [String]

        /// - Parameter known: numbers of users that earlier settings named, which count on where
        ///   nobody can be asked.
        init(
            configuration: DaemonConfiguration, adminGroup: Int?, known: [String: UInt32] = [:],
            userNumber: (String) throws -> UInt32?
        ) {
            self.configuration = configuration
            self.adminGroup = adminGroup
            var (numbers, problems): ([String: UInt32], [String]) = ([:], [])
            for case .user(let name) in configuration.proxy?.from ?? [] {
                do {
                    numbers[name] = try userNumber(name)
                    guard numbers[name] == nil else { continue }
                    problems.append(
                        "`unix:\(name)` of `proxy` in the settings is no user of this machine: "
                            + "nobody comes as it; make that user and read the settings again "
                            + "(`systemctl reload layerfoldd`), or name another and start again")
                } catch {
                    numbers[name] = known[name]
                    let rest =
                        known[name].map { "it counts as user \($0), as before" }
                        ?? "nobody comes as it until the settings are read again"
                    problems.append(
                        "who `unix:\(name)` of `proxy` in the settings is cannot be found out now "
                            + "(\(FaultText.describe(error))): \(rest)")
                }
            }
            proxies = TrustedProxies(configuration.proxy, numbers: numbers)
            (proxyUsers, self.problems) = (numbers, problems)
        }
    }

    private let contents: Mutex<Contents>
    private let groupNumber: @Sendable (String) -> Int?
    private let userNumber: @Sendable (String) throws -> UInt32?

    /// - Parameters:
    ///   - groupNumber: the number of a group; nil where there is none of that name.
    ///   - userNumber: the number of a user; nil as above. Throws where nobody can be asked.
    ///     Default: as the configuration's directory knows it.
    package init(
        _ configuration: DaemonConfiguration,
        groupNumber: @escaping @Sendable (String) -> Int? = Groups.number,
        userNumber: (@Sendable (String) throws -> UInt32?)? = nil
    ) {
        let userNumber = userNumber ?? configuration.directory.number
        self.groupNumber = groupNumber
        self.userNumber = userNumber
        contents = Mutex(
            Contents(
                configuration: configuration, adminGroup: groupNumber(configuration.adminGroup),
                userNumber: userNumber))
    }

    package var current: DaemonConfiguration { contents.withLock { $0.configuration } }

    /// The number of the admins' group, looked up with each reload and each look of the
    /// self-check; nil where there is no such group.
    package var adminGroup: Int? { contents.withLock { $0.adminGroup } }

    /// Whom headers are believed, with users by their numbers.
    package var proxies: TrustedProxies { contents.withLock { $0.proxies } }

    /// What of the settings does not count now, for people.
    package var problems: [String] { contents.withLock { $0.problems } }

    package func replace(by configuration: DaemonConfiguration) {
        let new = Contents(
            configuration: configuration, adminGroup: groupNumber(configuration.adminGroup),
            known: contents.withLock { $0.proxyUsers }, userNumber: userNumber)
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
    fileprivate init(_ settings: ProxySettings?, numbers: [String: UInt32]) {
        self.init(userHeader: settings?.userHeader)
        for source in settings?.from ?? [] {
            switch source {
            case .address(let text): if let address = IPAddress(text) { addresses.insert(address) }
            case .user(let name): if let user = numbers[name] { users.insert(Int(user)) }
            }
        }
    }
}
