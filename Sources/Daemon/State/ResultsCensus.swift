// What lies below `results`, whose it is and what it takes. On a thread of its own: there may be
// many thousands of files.

import DurableIO
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

    /// Whether these are the results of that job: by the whole name, and by whose folder they are
    /// in.
    func belong(to row: JobRow) -> Bool {
        (owner == nil || owner == row.owner) && row.id == job && name == "\(row.name)-\(row.id)"
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

    /// All whole results. What vanishes meanwhile, or may not be looked into, counts as nothing.
    func take() -> [CountedResults] {
        folders(in: results).flatMap { folder -> [CountedResults] in
            let name = folder.lastComponent?.string ?? ""
            if let owner = Int(name) {
                return folders(in: folder).compactMap { counted($0, owner: owner) }
            }
            return counted(folder, owner: nil).map { [$0] } ?? []
        }
    }

    /// Bytes of one folder below `results`; 0 where it is not there.
    func bytes(of name: String) -> Int {
        let folder = results.appending(name)
        guard let status = try? Syscalls.stat(folder), status.kind == .folder else { return 0 }
        return FolderTree.byteCount(of: folder)
    }

    private func folders(in folder: FilePath) -> [FilePath] {
        ((try? DirectoryScan.entries(of: folder)) ?? []).filter { $0.kind == .folder }
            .map { folder.appending($0.name) }
    }

    /// nil for a folder that is none of a job.
    private func counted(_ folder: FilePath, owner: Int?) -> CountedResults? {
        let name = folder.lastComponent?.string ?? ""
        let idLength = 26
        let id = String(name.suffix(idLength))
        guard !name.hasPrefix("."), JobIdentifier.isValid(id) else { return nil }
        return CountedResults(
            job: id, name: name, owner: owner, bytes: FolderTree.byteCount(of: folder))
    }
}
