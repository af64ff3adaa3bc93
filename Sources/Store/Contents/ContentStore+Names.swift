// The names that lie in a sharded folder, told apart from what does not belong there.

import DurableIO
import SystemPackage

/// What lies in obj/ or act/.
struct ShardNames {
    /// Digests of the names that belong there, sorted.
    var known: [Digest] = []
    /// Everything else, sorted; it is left alone and reported.
    var unknown: [FilePath] = []
}

extension ContentStore {
    /// The digests of all objects, sorted, sound or not.
    package func objectDigests() throws -> [Digest] {
        try translating {
            try names(in: layout.objects, suffix: StoreLayout.objectSuffix).known
        }
    }

    /// The keys of all action files, sorted, sound or not.
    package func actionKeys() throws -> [Digest] {
        try translating {
            try names(in: layout.actions, suffix: StoreLayout.actionSuffix).known
        }
    }

    /// Lists a folder of the shape `aa/<digest><suffix>`.
    func names(in folder: FilePath, suffix: String) throws(SystemCallError) -> ShardNames {
        var names = ShardNames()
        for shard in try DirectoryScan.entries(of: folder) {
            let path = folder.appending(shard.name)
            guard shard.kind == .folder, StoreLayout.shards.contains(shard.name.string) else {
                names.unknown.append(path)
                continue
            }
            for entry in try DirectoryScan.entries(of: path) {
                let name = entry.name.string
                if name.hasSuffix(suffix), name.hasPrefix(shard.name.string),
                    let digest = Digest(hex: name.dropLast(suffix.count))
                {
                    names.known.append(digest)
                } else {
                    names.unknown.append(path.appending(entry.name))
                }
            }
        }
        return names
    }
}
