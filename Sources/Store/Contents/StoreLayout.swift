// Where things lie in a store folder. Names that are complete and names that are not never look
// alike: unfinished files exist in `tmp/` only.

import DurableIO
package import SystemPackage

/// The paths of a store.
package struct StoreLayout: Sendable {
    /// What FORMAT holds.
    static let formatText = "layerfold-store 1\n"
    static let objectSuffix = ".zst"
    static let actionSuffix = ".json"

    /// `<state>/store`.
    package let root: FilePath
    /// `<state>/db/index.sqlite`.
    package let index: FilePath

    package init(state: FilePath) {
        root = state.appending("store")
        index = state.appending("db").appending("index.sqlite")
    }

    var format: FilePath { root.appending("FORMAT") }
    var objects: FilePath { root.appending("obj") }
    var actions: FilePath { root.appending("act") }
    var pins: FilePath { root.appending("pins") }
    /// On the store's disk, for files that need not outlive their process.
    package var temporary: FilePath { root.appending("tmp") }
    /// The keys last used, by stage: advice, which may be lost.
    var recent: FilePath { root.appending("recent") }
    var quarantine: FilePath { root.appending("quarantine") }
    /// What the clocks said at the last collection.
    var clock: FilePath { root.appending("clock.json") }
    /// How far an interrupted verification came.
    var scrub: FilePath { root.appending("scrub.json") }
    /// How the last whole verification ended.
    var verified: FilePath { root.appending("verified.json") }

    /// What lies in the store's own folder.
    static let names: Set<String> = [
        "FORMAT", "obj", "act", "pins", "tmp", "quarantine", "recent", "clock.json", "scrub.json",
        "verified.json",
    ]

    /// `00` to `ff`: the first byte of a digest names the folder it lies in.
    static let shards = (0..<256).map { String(Digest.hexByte(UInt8($0))) }

    /// All that a store has below its root, but for the shards.
    var folders: [FilePath] { [objects, actions, pins, temporary, quarantine] }

    /// Those of its folders that are not there; none where one cannot tell.
    var missingFolders: [FilePath] {
        let shards = [objects, actions].flatMap { folder in
            Self.shards.map { folder.appending($0) }
        }
        return (folders + shards).filter { path in
            do { return try Syscalls.stat(path) == nil } catch { return false }
        }
    }

    func object(_ digest: Digest) -> FilePath {
        objects.appending(String(digest.hex.prefix(2))).appending(digest.hex + Self.objectSuffix)
    }

    func action(_ key: Digest) -> FilePath {
        actions.appending(String(key.hex.prefix(2))).appending(key.hex + Self.actionSuffix)
    }
}
