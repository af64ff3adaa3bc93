// Models below the roots, for people who choose one: names that a manifest may give. A look at
// names only, and at no more of them than anybody reads.

import DurableIO
package import Jobs
import SystemPackage

extension ModelLocator {
    /// Entries of folders that are looked at, and names that are given, at most.
    package static let looksMax = 5_000
    package static let suggestionsMax = 100

    /// Names by which models are found, sorted: paths below a root, two folders deep, and
    /// `ORG/NAME` of a cache. None where the locator has no roots.
    /// - Parameter person: whoever is to see them; none comes from a folder that this person may
    ///   not list.
    package func suggestions(for person: Submitter, looksMax: Int = looksMax) -> [String] {
        guard case .below(let roots) = scope else { return [] }
        var look = Look(reader: FileReader(person), budget: looksMax)
        for root in roots { look.into(root, "", depth: 0) }
        for cache in caches {
            for entry in look.list(cache) where entry.kind == .folder {
                if let model = HubModel(cache.appending(entry.name)) {
                    look.names.insert(model.repository)
                }
            }
        }
        return Array(look.names.sorted().prefix(Self.suggestionsMax))
    }

    private struct Look {
        let reader: FileReader
        var budget: Int
        var names: Set<String> = []

        mutating func into(_ folder: FilePath, _ prefix: String, depth: Int) {
            for entry in list(folder) {
                let name = entry.name.string
                guard !name.hasPrefix("."), !name.hasPrefix("models--") else { continue }
                let path = folder.appending(entry.name)
                if name.lowercased().hasSuffix(".gguf") {
                    names.insert(prefix + name)
                } else if (try? Syscalls.stat(path.appending("config.json"))) ?? nil != nil {
                    if isOpen(path) { names.insert(prefix + name) }
                } else if entry.kind == .folder, depth < 1 {
                    into(path, prefix + name + "/", depth: depth + 1)
                }
            }
        }

        mutating func list(_ folder: FilePath) -> [DirectoryScan.Entry] {
            guard budget > 0, isOpen(folder) else { return [] }
            let entries = ((try? DirectoryScan.entries(of: folder)) ?? []).prefix(budget)
            budget -= 1 + entries.count
            return Array(entries)
        }

        private func isOpen(_ folder: FilePath) -> Bool {
            guard let real = RealPath.of(folder) else { return false }
            let missing = Result {
                try FileAccess.missingRight([.read, .search], on: real, for: reader)
            }
            if case .success(nil) = missing { return true }
            return false
        }
    }
}
