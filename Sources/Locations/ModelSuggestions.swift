// Models below the roots, for people who choose one: names that a manifest may give. A look at
// names only, and at no more of them than anybody reads.

import DurableIO
import SystemPackage

extension ModelLocator {
    /// Folders that are looked into, and names that are given, at most.
    private static let foldersMax = 500
    package static let suggestionsMax = 100

    /// Names by which models are found, sorted: paths below a root, two folders deep, and
    /// `ORG/NAME` of a cache. None where the locator has no roots.
    package func suggestions() -> [String] {
        guard case .below(let roots) = scope else { return [] }
        var budget = Self.foldersMax
        var names: Set<String> = []
        for root in roots { look(into: root, "", depth: 0, &names, &budget) }
        for cache in caches {
            for entry in list(cache, &budget) where entry.kind == .folder {
                if let model = HubModel(cache.appending(entry.name)) {
                    names.insert(model.repository)
                }
            }
        }
        return Array(names.sorted().prefix(Self.suggestionsMax))
    }

    private func look(
        into folder: FilePath, _ prefix: String, depth: Int, _ names: inout Set<String>,
        _ budget: inout Int
    ) {
        for entry in list(folder, &budget) {
            let name = entry.name.string
            guard !name.hasPrefix("."), !name.hasPrefix("models--") else { continue }
            let path = folder.appending(entry.name)
            if name.lowercased().hasSuffix(".gguf") {
                names.insert(prefix + name)
            } else if (try? Syscalls.stat(path.appending("config.json"))) ?? nil != nil {
                names.insert(prefix + name)
            } else if entry.kind == .folder, depth < 1 {
                look(into: path, prefix + name + "/", depth: depth + 1, &names, &budget)
            }
        }
    }

    private func list(_ folder: FilePath, _ budget: inout Int) -> [DirectoryScan.Entry] {
        guard budget > 0 else { return [] }
        budget -= 1
        return (try? DirectoryScan.entries(of: folder)) ?? []
    }
}
