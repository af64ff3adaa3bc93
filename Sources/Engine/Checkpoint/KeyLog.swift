// Which keys of a config.json somebody asked for: what is left means something to others.

import Synchronization

/// The keys that were asked for, by their dotted paths.
package final class KeyLog: Sendable {
    private let keys = Mutex<Set<String>>([])

    package init() {}

    func note(_ path: String) { keys.withLock { _ = $0.insert(path) } }

    /// Whether a key of a section of this name was asked for, wherever it lies.
    package func contains(_ key: String, inSectionsOf stem: String) -> Bool {
        keys.withLock { keys in
            keys.contains { path in
                let parts = path.split(separator: ".")
                return parts.last.map(String.init) == key
                    && parts.dropLast().contains { $0.hasPrefix(stem) }
            }
        }
    }

    package func contains(_ path: String) -> Bool { keys.withLock { $0.contains(path) } }
}
