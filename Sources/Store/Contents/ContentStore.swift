// The face of the store: bytes by their digest, steps by their key. Files are the truth; several
// processes may use one store at the same time, and none of them needs the index.

import DurableIO
package import SystemPackage

/// A damaged object, as it was met and dealt with.
package struct Damage: Equatable, Sendable {
    package let digest: Digest
    package let fault: ObjectFault
    /// Where its file lies now; nil if somebody else had moved or removed it.
    package let quarantined: FilePath?
    /// Keys of the actions that named it as an output, or that could not be read, and are gone
    /// now; sorted.
    package let droppedActions: [Digest]
}

/// What came of reading an object. Damage and absence are both a miss: compute it again.
package enum Fetched<Value> {
    case found(Value)
    case missing
    case damaged(Damage)

    /// The value, or nil for a miss.
    package var value: Value? {
        if case .found(let value) = self { value } else { nil }
    }
}

extension Fetched: Sendable where Value: Sendable {}

/// An open store folder, `<state>/store`.
///
/// The invariants, with the reasons, are in docs/STORE_FORMAT.md: an action file exists only while
/// all its objects are durable; a name under obj/ or act/ is complete; nothing outside tmp/ is ever
/// opened for writing.
package final class ContentStore: Sendable {
    package let layout: StoreLayout
    /// Unfinished files of dead processes that opening removed.
    package let removedTemporaries: [FilePath]
    let lanes: FrameLanes
    /// Nil in a store that is only read.
    private let scratch: Scratch?

    private final class Scratch: Sendable {
        let folder: ScratchFolder
        init(in parent: FilePath) throws(SystemCallError) {
            folder = try ScratchFolder(in: parent)
        }
    }

    /// Threads beside the calling one that pack and unpack. Two keep up with hashing.
    package static let packingThreadsDefault = 2

    /// Opens the store below `state`, and makes it if there is none.
    /// - Parameter packingThreads: Threads beside the caller's; 0 for none. Results do not depend
    ///   on it.
    package init(
        state: FilePath, packingThreads: Int = packingThreadsDefault
    ) throws(StoreError) {
        let layout = StoreLayout(state: state)
        self.layout = layout
        lanes = FrameLanes(count: packingThreads)
        let isNew: Bool
        do throws(SystemCallError) {
            isNew = try Syscalls.stat(layout.format) == nil
        } catch {
            throw .system(error)
        }
        if !isNew { try Self.checkFormat(layout.format) }
        do throws(SystemCallError) {
            // A part that somebody removed is made anew: what lay in it is a miss.
            if isNew || !layout.missingFolders.isEmpty { try Self.makeFolders(layout) }
            removedTemporaries = try ScratchFolder.removeAbandoned(in: layout.temporary)
            scratch = try Scratch(in: layout.temporary)
            if isNew {
                _ = try publish(Array(StoreLayout.formatText.utf8), as: layout.format)
            }
        } catch {
            throw .system(error)
        }
    }

    /// Opens the store below `state` to look at: nothing in it is made, moved, touched or removed.
    /// What is damaged counts as a miss and stays; nothing can be put, recorded or pinned.
    /// - Throws: `StoreError.system` where there is none, or where its files may not be read.
    package init(reading state: FilePath) throws(StoreError) {
        let layout = StoreLayout(state: state)
        self.layout = layout
        lanes = FrameLanes(count: Self.packingThreadsDefault)
        removedTemporaries = []
        scratch = nil
        try Self.checkFormat(layout.format)
    }

    var isReadOnly: Bool { scratch == nil }

    /// Where this process's own unfinished files lie; nil in a store that is only read.
    var ownTemporaries: FilePath? { scratch?.folder.path }

    /// Tells other machines on the same store that this process lives: its unfinished files are
    /// not to be taken for a dead one's. Nothing where the store is only read.
    package func renewTemporaries() throws(StoreError) {
        do throws(SystemCallError) {
            try scratch?.folder.renew()
        } catch {
            throw .system(error)
        }
    }

    /// Begins a file of this process's own, to be published.
    func newFile() throws(SystemCallError) -> DurableFile {
        guard let scratch else { preconditionFailure("a store that is only read is not written") }
        return try scratch.folder.newFile()
    }

    /// Makes the folders that FORMAT, written last, vouches for.
    private static func makeFolders(_ layout: StoreLayout) throws(SystemCallError) {
        try Syscalls.makeFolders(layout.root, mode: 0o700)
        for folder in layout.folders { try makeFolder(folder) }
        for folder in [layout.objects, layout.actions] {
            for shard in StoreLayout.shards { try makeFolder(folder.appending(shard)) }
            try Syscalls.syncFolder(folder)
        }
        try Syscalls.syncFolder(layout.root)
    }

    /// Makes a folder unless it is there; the caller syncs the parent.
    private static func makeFolder(_ path: FilePath) throws(SystemCallError) {
        do throws(SystemCallError) {
            try Syscalls.mkdir(path, mode: 0o700)
        } catch {
            guard error.errno == .fileExists else { throw error }
        }
    }

    /// Refuses a store of another format before anything in it is touched.
    private static func checkFormat(_ path: FilePath) throws(StoreError) {
        let found: String
        do {
            let bytes = try SmallFile.read(path, bytesMax: 1 << 10)
            found = String(decoding: bytes, as: UTF8.self)
        } catch let error as SystemCallError {
            throw .system(error)
        } catch {
            found = "\(error)"
        }
        guard found == StoreLayout.formatText else {
            throw .formatUnknown(path: path, found: found)
        }
    }

    /// Runs `body` and gives the kernel's errors the store's type; others pass.
    func translating<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as SystemCallError {
            throw StoreError.system(error)
        }
    }
}
