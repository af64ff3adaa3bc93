// Who computes an action where several would at the same time. Advice: whoever does without it, or
// loses it, computes what another computes as well, and nothing worse.

import DurableIO

/// The turn at one action, given back when this value is let go, or its process dies.
package final class ActionTurn: Sendable {
    private let folder: ScratchFolder

    fileprivate init(_ folder: consuming ScratchFolder) { self.folder = folder }
}

extension ContentStore {
    package enum Turn {
        case mine(ActionTurn)
        /// Another process, or another part of this one, computes the action now.
        case others
        /// There are no turns in a store that is only read.
        case none
    }

    /// Asks for the turn at an action. Nobody waits here.
    package func turn(at key: ActionKey) throws(StoreError) -> Turn {
        guard !isReadOnly else { return .none }
        do throws(SystemCallError) {
            guard
                let folder = try ScratchFolder.take("turn-\(key.digest.hex)", in: layout.temporary)
            else { return .others }
            return .mine(ActionTurn(folder))
        } catch {
            throw .system(error)
        }
    }
}
