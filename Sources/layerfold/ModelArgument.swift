// The model that a verb is told: a folder, or a name in the Hugging Face cache.

import ArgumentParser
import Checkpoint
import Failures
import Foundation
import Locations
import Model
import SystemPackage

struct ModelArgument: ParsableArguments {
    @Argument(
        help: "A checkpoint folder, a GGUF file, or ORG/NAME[@REVISION] in the Hugging Face cache.")
    var model: String

    func locate() throws -> LocatedModel { try Self.locate(model) }

    func open() throws -> Model { try Self.open(try locate()) }

    static func locate(_ model: String) throws -> LocatedModel {
        let here = FilePath(FileManager.default.currentDirectoryPath)
        do { return try ModelLocator(from: here).locate(model) } catch {
            throw Failure(.notFound, FaultText.describe(error))
        }
    }

    /// - Parameter keepsCodes: see `Checkpoint.init`.
    static func open(_ located: LocatedModel, keepsCodes: Bool = true) throws -> Model {
        do {
            return try Model(try Checkpoint(located.folder, keepsCodes: keepsCodes))
        } catch {
            throw Failure(.refused, FaultText.describe(error))
        }
    }
}
