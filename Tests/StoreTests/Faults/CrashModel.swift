// A file system in memory that is told recorded kernel calls. When the power fails, what was synced
// is there, and of the rest a random part: of each file the first so many of its writes, of each
// folder some of its changes, those of other folders whatever happens to the first. A file counts
// its writes, whole ones: it has no bytes, so a write that is torn, a length without its bytes and
// a disk that lies about a sync are no part of it. Neither are rights and times.

import DurableIO
import SystemPackage

struct CrashModel {
    /// A file or a folder, whatever its names.
    private struct Node {
        /// Writes so far, and those that were synced.
        var writes = 0
        var synced = 0
        /// Names in a folder as programs see them, and as the disk has them for certain.
        var live: [String: Int] = [:]
        var durable: [String: Int] = [:]
        /// Changes since the folder was synced, in order; nil for a name that goes.
        var pending: [(name: String, node: Int?)] = []
    }

    private var nodes = [Node()]
    /// Nodes with something that is not synced.
    private var unsynced: Set<Int> = []
    private let rootCount: Int
    /// Files outside of tmp/ and unfinished results that were opened for writing though they were
    /// there (invariant 4).
    private(set) var rewritten: [FilePath] = []

    /// The tree below `root` as it is, all of it on the disk.
    init(of root: FilePath) throws {
        rootCount = root.components.count
        try add(root, to: 0)
    }

    private mutating func add(_ folder: FilePath, to node: Int) throws {
        for entry in try DirectoryScan.entries(of: folder) {
            nodes.append(Node(writes: 1, synced: 1))
            let child = nodes.count - 1
            nodes[node].live[entry.name.string] = child
            nodes[node].durable[entry.name.string] = child
            if entry.kind == .folder { try add(folder.appending(entry.name), to: child) }
        }
    }

    /// The names that lead to a path, from the root.
    func names(_ path: FilePath) -> [String] {
        path.components.dropFirst(rootCount).map(\.string)
    }

    private func node(_ names: some Sequence<String>) -> Int? {
        var node = 0
        for name in names {
            guard let next = nodes[node].live[name] else { return nil }
            node = next
        }
        return node
    }

    /// Writes that the file of a path has seen by now.
    func writes(_ names: [String]) -> Int? { node(names).map { nodes[$0].writes } }

    // MARK: Calls

    /// Carries out a call that succeeded.
    mutating func replay(_ entry: FaultPlan.Entry) {
        let path = names(entry.path)
        switch entry.call {
        case .open where entry.isWriting:
            if node(path) == nil {
                create(path)
            } else if !path.contains("tmp") {
                rewritten.append(entry.path)
            }
        case .mkdir where node(path) == nil: create(path)
        case .write, .copyRange:
            if let file = node(path) {
                nodes[file].writes += 1
                unsynced.insert(file)
            }
        case .fsync: if let node = node(path) { sync(node) }
        case .syncfs: for node in nodes.indices { sync(node) }
        case .rename:
            guard let source = entry.source.map(names), let file = node(source) else { return }
            set(path, file)
            set(source, nil)
        case .link:
            if let file = entry.source.map(names).flatMap(node) { set(path, file) }
        case .unlink, .rmdir: if node(path) != nil { set(path, nil) }
        default: break
        }
    }

    private mutating func create(_ path: [String]) {
        nodes.append(Node())
        set(path, nodes.count - 1)
    }

    private mutating func set(_ path: [String], _ node: Int?) {
        guard let name = path.last, let folder = self.node(path.dropLast()) else { return }
        nodes[folder].live[name] = node
        nodes[folder].pending.append((name, node))
        unsynced.insert(folder)
    }

    private mutating func sync(_ node: Int) {
        nodes[node].synced = nodes[node].writes
        nodes[node].durable = nodes[node].live
        nodes[node].pending = []
        unsynced.remove(node)
    }

    // MARK: Power failure

    /// What is on the disk after the power failed: asked by names from the root.
    struct Disk {
        fileprivate let names: (Int, String) -> Int?
        fileprivate let kept: (Int) -> Int

        /// Writes of a file that are there; nil where the name is not.
        func writes(_ path: [String]) -> Int? {
            var node = 0
            for name in path {
                guard let next = names(node, name) else { return nil }
                node = next
            }
            return kept(node)
        }

        func has(_ path: [String]) -> Bool { writes(path) != nil }
    }

    /// Lends one disk that the power may leave behind now.
    func crash<Result>(
        using generator: inout SeededGenerator, _ body: (Disk) -> Result
    ) -> Result {
        // Some disks lose nearly all, some nearly nothing.
        let share = [0.02, 0.5, 0.98][Int.random(in: 0..<3, using: &generator)]
        var folders: [Int: [String: Int]] = [:]
        var files: [Int: Int] = [:]
        for index in unsynced.sorted() {
            let node = nodes[index]
            var entries = node.durable
            for change in node.pending
            where Double.random(in: 0..<1, using: &generator) < share {
                entries[change.name] = change.node
            }
            folders[index] = entries
            let isWhole = Double.random(in: 0..<1, using: &generator) < share
            files[index] =
                isWhole ? node.writes : Int.random(in: node.synced...node.writes, using: &generator)
        }
        return body(
            Disk(
                names: { (folders[$0] ?? nodes[$0].durable)[$1] },
                kept: { files[$0] ?? nodes[$0].writes }))
    }
}
