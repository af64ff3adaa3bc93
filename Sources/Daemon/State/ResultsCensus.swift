// What lies below `results`, whose it is and what it takes. On a thread of its own: there may be
// many thousands of files.

import DurableIO
import Jobs
import Store
import SystemPackage

/// A folder that is called as results of a job are. In the folder of an owner it is what she says:
/// anybody may call a folder of her own like results of somebody else.
struct CountedResults: Sendable, Equatable {
    let job: String
    let name: String
    /// By the folder they lie in; nil where an earlier daemon put them into `results` itself.
    let owner: Int?
    let bytes: Int

    /// Filled by a worker, and not in place yet.
    var isPartial: Bool { name.hasPrefix(".") }

    /// Whether these are the results of that job: by the whole name, and by whose folder they are
    /// in.
    func belong(to row: JobRow) -> Bool {
        (owner == nil || owner == row.owner) && row.id == job && name == "\(row.name)-\(row.id)"
    }
}

/// All that lies below `results`, but for trash.
struct ResultsCount: Sendable {
    var results: [CountedResults] = []
    /// Bytes of all else in the folders of owners, by user number: what is called differently
    /// takes room as well.
    var others: [Int: Int] = [:]
    /// Why not everything in the folder of an owner was counted, the first reason of each, by user
    /// number.
    var uncounted: [Int: SystemCallError] = [:]

    mutating func add(_ bytes: Int, of owner: Int) {
        others[owner] = bytes.addingClamped(others[owner] ?? 0)
    }
}

actor ResultsCensus {
    private let results: FilePath
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.census")

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    init(results: FilePath) {
        self.results = results
    }

    /// What vanishes meanwhile counts as nothing, and so does what may not be looked into.
    func take() -> ResultsCount {
        var count = ResultsCount()
        let entries = (try? DirectoryScan.entries(of: results)) ?? []
        for entry in entries where entry.kind == .folder {
            let (name, folder) = (entry.name.string, results.appending(entry.name))
            if let owner = Int(name) {
                add(home: folder, of: owner, to: &count)
            } else if let job = Self.job(of: name) ?? Self.job(ofPartial: name) {
                let bytes = FolderTree.byteCount(of: folder)
                count.results.append(.init(job: job, name: name, owner: nil, bytes: bytes))
            }
        }
        return count
    }

    /// Bytes of one folder below `results`; 0 where it is not there.
    func bytes(of name: String) -> Int {
        let folder = results.appending(name)
        guard let status = try? Syscalls.stat(folder), status.kind == .folder else { return 0 }
        return FolderTree.byteCount(of: folder)
    }

    private func add(home: FilePath, of owner: Int, to count: inout ResultsCount) {
        let entries: [DirectoryScan.Entry]
        do throws(SystemCallError) {
            entries = try DirectoryScan.entries(of: home)
        } catch {
            count.uncounted[owner] = error
            return
        }
        for entry in entries {
            let (name, path) = (entry.name.string, home.appending(entry.name))
            guard entry.kind == .folder else {
                let status = entry.kind == .regular ? (try? Syscalls.stat(path)) ?? nil : nil
                count.add(status?.byteCount ?? 0, of: owner)
                continue
            }
            let (bytes, uncounted) = FolderTree.size(of: path)
            if let uncounted, count.uncounted[owner] == nil { count.uncounted[owner] = uncounted }
            if let job = Self.job(of: name) {
                count.results.append(.init(job: job, name: name, owner: owner, bytes: bytes))
            } else {
                count.add(bytes, of: owner)
            }
        }
    }

    /// The job that whole results of this name are of; nil for other names.
    private static func job(of name: String) -> String? {
        let id = String(name.suffix(JobIdentifier.length))
        return !name.hasPrefix(".") && JobIdentifier.isValid(id) ? id : nil
    }

    private static func job(ofPartial name: String) -> String? {
        guard name.hasPrefix("."), name.hasSuffix(JobRecord.partialSuffix) else { return nil }
        return job(of: String(name.dropFirst().dropLast(JobRecord.partialSuffix.count)))
    }
}
