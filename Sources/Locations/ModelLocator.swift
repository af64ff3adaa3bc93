// From what a person calls a model to the folder that holds it: a path, a model of a Hugging Face
// cache, or a name in such a cache. Nothing is ever downloaded.

package import Failures
import Foundation
package import SystemPackage

/// A model's folder, or its GGUF file, found.
package struct LocatedModel: Sendable, Equatable {
    /// Of a GGUF file the file itself.
    package let folder: FilePath
    /// Files in the folder may lead, by links, to wherever this folder reaches.
    package let fence: FilePath
    /// What reports call it: `ORG/NAME` for a model of a cache, else the folder's name, or the
    /// file's without its ending.
    package let name: String
}

/// No folder of that name, and no model of a cache.
package struct ModelNotFound: ClassifiedFailure, Equatable, CustomStringConvertible {
    let name: HubName
    let asPath: PathError
    let caches: [String]

    package var failureClass: FailureClass { .user }

    package var description: String {
        let places =
            caches.isEmpty ? "no Hugging Face cache is known" : caches.joined(separator: ", ")
        return "\(asPath). Nor is it a model of a Hugging Face cache (\(places)); "
            + (name.download.map { "this fetches it: \($0)" }
                ?? "models are called ORG/NAME there")
    }
}

package struct ModelLocator: Sendable {
    package let scope: PathScope
    /// Hugging Face caches that names are looked up in.
    package let caches: [FilePath]

    package init(scope: PathScope, caches: [FilePath]) {
        self.scope = scope
        self.caches = caches
    }

    /// Of the daemon: a root may itself be a cache, or the folder above its `hub`.
    package init(roots: [FilePath]) {
        self.init(scope: .below(roots), caches: roots.flatMap { [$0, $0.appending("hub")] })
    }

    /// Of a person: any path, and the caches of the environment.
    package init(
        from folder: FilePath, environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.init(
            scope: .anywhere(from: folder), caches: HubCache.folders(environment: environment))
    }

    /// - Throws: `PathError`, `HubError`, `ModelNotFound`.
    package func locate(_ model: String) throws -> LocatedModel {
        do {
            return try locate(try scope.locate(model, kind: "model"))
        } catch let error as PathError {
            // A root that is missing says nothing of the caches in the others.
            if case .outside = error { throw error }
            guard let name = HubName(model) else { throw error }
            for cache in caches {
                guard let found = HubModel(cache.appending(name.folder)) else { continue }
                return try locate(found, name.revision)
            }
            if case .unseenRoots = error { throw error }
            throw ModelNotFound(name: name, asPath: error, caches: caches.map(\.string))
        }
    }

    /// A folder, which may be a cache's folder of a model or a snapshot in it.
    private func locate(_ located: Located) throws -> LocatedModel {
        if located.named.isGGUF {
            return LocatedModel(
                folder: located.named, fence: located.fence, name: located.named.modelName)
        }
        if let model = HubModel(located.path) { return try locate(model, nil) }
        let parent = located.path.removingLastComponent()
        let owner =
            parent.lastComponent == "snapshots" ? HubModel(parent.removingLastComponent()) : nil
        return LocatedModel(
            folder: located.path, fence: located.fence,
            name: owner?.repository ?? located.path.lastComponent?.string ?? located.path.string)
    }

    /// The snapshot's own real path decides what its links may reach: a cache below a root may
    /// itself be a link.
    private func locate(_ model: HubModel, _ revision: String?) throws -> LocatedModel {
        // Before anything in it is looked at: the model's folder may be a link to anywhere.
        _ = try scope.locate(model.folder.string, kind: "model")
        let snapshot = try scope.locate(try model.snapshot(revision).string, kind: "model")
        return LocatedModel(folder: snapshot.path, fence: snapshot.fence, name: model.repository)
    }
}

extension FilePath {
    /// Whether the path is that of a model in one file.
    var isGGUF: Bool { self.extension?.lowercased() == "gguf" }

    fileprivate var modelName: String { stem ?? string }
}
