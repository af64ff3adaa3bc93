// Models in a Hugging Face cache: `models--ORG--NAME/snapshots/COMMIT`, whose files are links into
// `models--ORG--NAME/blobs`; `refs/REVISION` holds the commit of a branch or tag (layout as
// documented by huggingface_hub, "Understand caching").

import DurableIO
package import Failures
import Foundation
package import SystemPackage

/// A model's name on the hub, with the revision that is wanted: `ORG/NAME@REVISION`.
package struct HubName: Sendable, Equatable, CustomStringConvertible {
    /// `ORG/NAME`, or `NAME` alone for the oldest models.
    package let repository: String
    /// nil takes `main`.
    package let revision: String?

    /// nil where the text cannot be a model's name.
    package init?(_ text: String) {
        let text = Self.name(ofPage: text)
        let halves = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = halves[0].split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy(Self.isWord) else { return nil }
        repository = String(halves[0])
        revision = halves.count == 2 ? String(halves[1]) : nil
        if let revision {
            let steps = revision.split(separator: "/", omittingEmptySubsequences: false)
            guard steps.allSatisfy(Self.isWord) else { return nil }
        }
    }

    /// The folder of a cache that holds it.
    package var folder: String {
        "models--" + repository.replacingOccurrences(of: "/", with: "--")
    }

    package var description: String { repository + (revision.map { "@" + $0 } ?? "") }

    /// What fetches it; nil where it has no `ORG/`: that is hardly ever a model's name there, and
    /// mostly that of a folder which is not where it was looked for.
    package var download: String? {
        guard repository.contains("/") else { return nil }
        return "hf download \(repository)" + (revision.map { " --revision \($0)" } ?? "")
    }

    /// What a model's page on the hub is called there; other texts as they are.
    private static func name(ofPage text: String) -> String {
        guard let site = sites.first(where: text.hasPrefix) else { return text }
        let page = text.dropFirst(site.count).split(separator: "/", maxSplits: 3)
        let name = page.prefix(2).joined(separator: "/")
        guard page.count == 4, page[2] == "tree" else { return name }
        return name + "@" + page[3]
    }

    private static let sites = ["https://huggingface.co/", "https://hf.co/"]

    private static func isWord(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-"),
            text.utf8.count <= 96, !text.contains("--"), !text.contains("..")
        else { return false }
        return text.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil)
                || "._-".unicodeScalars.contains($0)
        }
    }
}

/// A cached model cannot be used.
package enum HubError: ClassifiedFailure, Equatable, CustomStringConvertible {
    case noRevision(folder: String, revision: String, known: [String])
    case severalSnapshots(folder: String, known: [String])
    case noSnapshot(folder: String)
    case incomplete(folder: String, commit: String, known: [String])

    package var failureClass: FailureClass { .user }

    /// Of the model.
    package var folder: String {
        switch self {
        case .noRevision(let folder, _, _), .severalSnapshots(let folder, _),
            .noSnapshot(let folder), .incomplete(let folder, _, _):
            folder
        }
    }

    package var description: String {
        switch self {
        case .noRevision(let folder, let revision, let known):
            "\(folder): has no revision `\(revision)`; it has "
                + (known.isEmpty ? "none" : known.joined(separator: ", "))
        case .severalSnapshots(let folder, let known):
            "\(folder): has no refs/main and several snapshots; name one: NAME@COMMIT with "
                + known.joined(separator: ", ")
        case .incomplete(let folder, let commit, let known):
            "\(folder): its revision is \(commit), which is not there; a download was broken off: "
                + "fetch the model again, or name one that is there: NAME@COMMIT with "
                + known.joined(separator: ", ")
        case .noSnapshot(let folder):
            "\(folder): holds no snapshot; a download was broken off: fetch the model again"
        }
    }
}

/// One model of a cache: its folder `models--ORG--NAME`.
package struct HubModel: Sendable {
    package let folder: FilePath
    /// Where the folder really lies. What its parts lead to elsewhere is not the model's, and
    /// may be for other eyes than those that read what is wrong with it.
    private let fence: FilePath

    /// A commit with what stands around it.
    private static let refBytesMax = 128

    /// nil where the folder is none of a cache.
    package init?(_ folder: FilePath) {
        guard let name = folder.lastComponent?.string, name.hasPrefix("models--"),
            let fence = RealPath.of(folder),
            (try? DirectoryScan.entries(of: folder.appending("snapshots"), below: fence)) != nil
        else { return nil }
        self.folder = folder
        self.fence = fence
    }

    /// `ORG/NAME`, from the folder's name.
    package var repository: String {
        (folder.lastComponent?.string ?? "").dropFirst("models--".count)
            .replacingOccurrences(of: "--", with: "/")
    }

    /// The folder of the revision's files.
    /// - Throws: `HubError`.
    package func snapshot(_ revision: String?) throws(HubError) -> FilePath {
        let commits = names(in: "snapshots", .folder)
        guard !commits.isEmpty else { throw .noSnapshot(folder: folder.string) }
        if let commit = commit(of: revision ?? "main") {
            guard commits.contains(commit) else {
                throw .incomplete(folder: folder.string, commit: commit, known: commits)
            }
            return folder.appending("snapshots").appending(commit)
        }
        guard let revision else {
            guard commits.count == 1 else {
                throw .severalSnapshots(folder: folder.string, known: commits)
            }
            return folder.appending("snapshots").appending(commits[0])
        }
        // A commit, or its beginning as people copy it.
        let meant = commits.filter {
            $0 == revision || revision.count >= 7 && $0.hasPrefix(revision)
        }
        guard meant.count == 1 else {
            throw .noRevision(
                folder: folder.string, revision: revision, known: names(in: "refs") + commits)
        }
        return folder.appending("snapshots").appending(meant[0])
    }

    private func commit(of reference: String) -> String? {
        let file = folder.appending("refs").appending(reference)
        guard
            let bytes = try? SmallFile.read(
                regular: file, below: fence, bytesMax: Self.refBytesMax)
        else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        return Self.isCommit(text) ? text : nil
    }

    /// What is told when it is not there; other texts are none of a cache, and not repeated.
    private static func isCommit(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"):
                    true
                default: false
                }
            }
    }

    private func names(in part: String, _ kind: FileStatus.Kind? = nil) -> [String] {
        let entries = try? DirectoryScan.entries(of: folder.appending(part), below: fence)
        return (entries ?? []).filter { $0.kind == kind || kind == nil }.map(\.name.string)
    }
}

/// The folders where models are cached.
package enum HubCache {
    /// Of the user, as huggingface_hub finds it: `HF_HUB_CACHE`, else `HF_HOME/hub`, else
    /// `XDG_CACHE_HOME/huggingface/hub`, else `~/.cache/huggingface/hub`.
    package static func folders(environment: [String: String]) -> [FilePath] {
        func folder(_ name: String) -> FilePath? {
            environment[name].flatMap { $0.isEmpty ? nil : FilePath(expandingHome: $0) }
        }
        if let cache = folder("HF_HUB_CACHE") ?? folder("HUGGINGFACE_HUB_CACHE") { return [cache] }
        if let home = folder("HF_HOME") { return [home.appending("hub")] }
        let caches = folder("XDG_CACHE_HOME") ?? FilePath(expandingHome: "~/.cache")
        return [caches.appending("huggingface").appending("hub")]
    }
}
