// What the head leaves in the folders that units write, and what it finds there of the nodes.

import Cluster
import DurableIO
import Foundation
import Runner
import SystemPackage

struct HeadTokens {
    private let check: String
    /// What was written, by the folder's path. A folder that cannot be written has none: the head's
    /// own look says why.
    let texts: [String: String]
    private let folders: [FilePath]

    /// Writes a text that nobody can guess into each folder.
    init(check: String, folders: [String]) {
        self.check = check
        self.folders = folders.map { FilePath($0) }
        var texts: [String: String] = [:]
        for folder in folders {
            let text = "\(UUID().uuidString)\n"
            let file = FilePath(folder).appending(FolderTokens.headFile(of: check))
            guard (try? DurableText.write(text, to: file)) != nil else { continue }
            texts[folder] = text
        }
        self.texts = texts
    }

    /// What can be read of the files that a node left, by the folder's path. The folders are
    /// listed: a file system on the network shows names late to who asks for one.
    static func read(_ probe: NodeProbe) -> [String: String] {
        var found: [String: String] = [:]
        for place in probe.places {
            guard let left = place.left, let name = FilePath.Component(left.name) else { continue }
            let folder = FilePath(place.path)
            _ = try? DirectoryScan.entries(of: folder)
            let file = folder.appending(name)
            guard let bytes = try? SmallFile.read(file, bytesMax: FolderTokens.bytesMax) else {
                continue
            }
            found[place.path] = String(decoding: bytes, as: UTF8.self)
        }
        return found
    }

    /// Removes what head and nodes left.
    func remove() {
        for folder in folders {
            for entry in (try? DirectoryScan.entries(of: folder)) ?? []
            where entry.name.string.hasPrefix(FolderTokens.prefix(of: check)) {
                let path = folder.appending(entry.name)
                if entry.kind == .folder {
                    FolderProbe.removeFolder(path)
                } else {
                    try? Syscalls.unlink(path)
                }
            }
        }
    }
}
