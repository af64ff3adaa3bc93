// The keys that were recorded or used last, by stage: who asks why a step was not there reads these
// and not the whole store. One small file a stage, `recent/<stage>`: lines of keys, the last used
// first. Advice: it is not made durable, two writers may lose each other's line, and nothing but a
// reason in a report depends on it.

import DurableIO
import SystemPackage

enum RecentActions {
    /// Keys that a stage's file holds.
    static let keysMax = 32
    static let fileBytesMax = keysMax * 65 + 64

    /// The keys of a file; lines that are none are passed over.
    static func parse(_ bytes: [UInt8]) -> [Digest] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix(keysMax)
            .compactMap { Digest(hex: $0) }
    }

    static func text(_ keys: [Digest]) -> [UInt8] {
        Array(keys.prefix(keysMax).map { $0.hex + "\n" }.joined().utf8)
    }

    /// The file of a stage; nil for a name that is none of ours.
    static func fileName(of stage: String) -> String? {
        let isPlain = stage.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isPlain && (1...64).contains(stage.utf8.count) ? stage : nil
    }
}

extension ContentStore {
    /// The keys of the stage of `key`, the last used first; none where nobody noted any.
    func recentActions(key: ActionKey) -> [Digest] { noted(key.stage) ?? [] }

    private func noted(_ stage: String) -> [Digest]? {
        guard let name = RecentActions.fileName(of: stage),
            let bytes = try? SmallFile.read(
                layout.recent.appending(name), bytesMax: RecentActions.fileBytesMax)
        else { return nil }
        return RecentActions.parse(bytes)
    }

    /// Puts a key before all others of its stage.
    func remember(_ key: ActionKey) {
        let others = recentActions(key: key).filter { $0 != key.digest }
        note([key.digest] + others, of: key.stage)
    }

    private func note(_ keys: [Digest], of stage: String) {
        guard !isReadOnly, let name = RecentActions.fileName(of: stage) else { return }
        do throws(SystemCallError) {
            var file = try newFile()
            try file.write(RecentActions.text(keys))
            try file.seal(permissions: 0o640, isDurable: false)
            do throws(SystemCallError) {
                try file.rename(to: layout.recent.appending(name))
            } catch {
                // Stores of older programs have no such folder.
                guard error.isMissing else { throw error }
                try Syscalls.mkdir(layout.recent, mode: 0o750)
                try file.rename(to: layout.recent.appending(name))
            }
        } catch {
            // A report will know less; the step itself is recorded.
        }
    }

    /// The steps that may be the nearest, the last used first.
    ///
    /// Where nobody noted any, as in a store of an older program, the first files met are read,
    /// and noted.
    func candidates(for key: ActionKey) throws -> [Digest] {
        if let noted = noted(key.stage) { return noted }
        var found: [(key: Digest, used: Int64)] = []
        for other in firstActionKeys(RecentActions.keysMax) {
            guard let record = try soundAction(other), record.key.stage == key.stage else {
                continue
            }
            let used = try Syscalls.stat(layout.action(other))?.modifiedNanoseconds ?? .min
            found.append((other, used))
        }
        let keys = found.sorted { $0.used > $1.used }.map(\.key)
        note(keys, of: key.stage)
        return keys
    }

    /// As many keys of action files, from the first folders.
    private func firstActionKeys(_ count: Int) -> [Digest] {
        var keys: [Digest] = []
        for shard in StoreLayout.shards where keys.count < count {
            let folder = layout.actions.appending(shard)
            for entry in (try? DirectoryScan.entries(of: folder)) ?? [] {
                let name = entry.name.string
                guard keys.count < count, name.hasSuffix(StoreLayout.actionSuffix),
                    let digest = Digest(hex: name.dropLast(StoreLayout.actionSuffix.count))
                else { continue }
                keys.append(digest)
            }
        }
        return keys
    }
}
