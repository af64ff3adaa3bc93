// What the system knows of people: files of its own, and the directory services behind them
// (nsswitch.conf(5)), which may be slow, give no answer, or hang for ever.

import DurableIO

/// Each function may wait, and throws where nobody can be asked.
package struct Directory: Sendable {
    package var name: @Sendable (UInt32) throws -> String?
    package var number: @Sendable (String) throws -> UInt32?
    package var groups: @Sendable (UInt32) throws -> Set<UInt32>
    /// Returns when an answer is waited for no longer; throws where nobody waits any more.
    package var patience: @Sendable () async throws -> Void

    package static let system = Directory(
        name: { try Accounts.name(of: $0) }, number: { try Accounts.number(named: $0) },
        groups: { try Accounts.reader($0).groups },
        patience: { try await Task.sleep(for: .seconds(5)) })
}
