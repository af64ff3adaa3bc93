// Finds and reads the tokenizer of a checkpoint folder.

package import DurableIO
import Failures
import JSON
package import SystemPackage

package enum TokenizerFolder {
    private static let jsonName = "tokenizer.json"
    private static let modelName = "tokenizer.model"

    /// Reads `tokenizer.json` from a folder, or else `tokenizer.model` where that is exact.
    ///
    /// Errors name the file. A folder with only a `tokenizer.model` that does not do is refused
    /// with the way to convert it.
    package static func load(_ folder: FilePath) throws(TokenizerError) -> Tokenizer {
        let path = folder.appending(jsonName)
        guard let file = try open(path) else {
            guard let model = try open(folder.appending(modelName)) else {
                throw .notFound(folder: folder.string)
            }
            do throws(TokenizerError) { return try load(model, beside: folder) } catch {
                throw .onlySentencePiece(folder: folder.string, error: error)
            }
        }
        return try read(file, as: path.string) { bytes throws(TokenizerError) in
            try Tokenizer(json: bytes)
        }
    }

    /// The same of a model that may have come without the file: where none lies in the folder, the
    /// one that is made in its place.
    package static func load(_ files: SideFiles) throws(TokenizerError) -> Tokenizer {
        try load(files) { folder throws(TokenizerError) in try load(folder) }
    }

    /// The same, for those who need `tokenizer.json` itself.
    package static func loadJSON(_ files: SideFiles) throws(TokenizerError) -> Tokenizer {
        try load(files) { folder throws(TokenizerError) in try loadJSON(folder) }
    }

    private static func load(
        _ files: SideFiles, _ load: (FilePath) throws(TokenizerError) -> Tokenizer
    ) throws(TokenizerError) -> Tokenizer {
        do throws(TokenizerError) { return try load(files.folder) } catch {
            guard case .notFound = error else { throw error }
            if let reason = files.reason(jsonName) {
                throw .notMade(model: files.model.string, reason: reason)
            }
            guard let bytes = try made(files) else { throw error }
            do throws(TokenizerError) { return try Tokenizer(json: bytes.span) } catch {
                throw .inFile(path: files.model.string, error: error)
            }
        }
    }

    /// What stands for `tokenizer.json`; nil where nothing does.
    private static func made(_ files: SideFiles) throws(TokenizerError) -> [UInt8]? {
        do { return try files.madeText(jsonName) } catch {
            throw .making(
                reason: FaultText.describe(error), failureClass: FailureClass(of: error))
        }
    }

    /// Reads `tokenizer.json`, for those who need the file itself.
    package static func loadJSON(_ folder: FilePath) throws(TokenizerError) -> Tokenizer {
        if try open(folder.appending(jsonName)) == nil, try open(folder.appending(modelName)) != nil
        {
            throw .onlySentencePiece(
                folder: folder.string,
                error: .unsupported(place: modelName, component: "this use of it", hint: ""))
        }
        return try load(folder)
    }

    /// The files that decide what `load` gives.
    package static func files(of folder: FilePath) throws(TokenizerError) -> [FilePath] {
        let names = [modelName] + SentencePieceSettings.fileNames
        let json = folder.appending(jsonName)
        let isJSON = try open(json) != nil
        let isModel = try open(folder.appending(modelName)) != nil
        guard isModel && !isJSON else { return [json] }
        var paths: [FilePath] = []
        for path in names.map({ folder.appending($0) }) where try open(path) != nil {
            paths.append(path)
        }
        return paths
    }

    private static func load(
        _ model: MappedFile, beside folder: FilePath
    ) throws(TokenizerError) -> Tokenizer {
        let all: [UInt8] = try read(model, as: modelName) { span throws(TokenizerError) in
            bytes(of: span)
        }
        let file = try SentencePieceFile(all)
        var settings: [String: JSONValue] = [:]
        for name in SentencePieceSettings.fileNames {
            guard let beside = try open(folder.appending(name)) else { continue }
            settings[name] = try read(beside, as: name) { bytes throws(TokenizerError) in
                try TokenizerFile.parse(bytes)
            }
        }
        let read = try SentencePieceSettings(settings)
        try read.check(file)
        return try Tokenizer(TokenizerFile(file, settings: read))
    }

    /// What `body` makes of a file that is still the same behind it: pages that are gone are read
    /// as zeros, which may mean anything.
    ///
    /// - Parameter name: for the errors of `body`.
    private static func read<Value>(
        _ file: MappedFile, as name: String, _ body: (Span<UInt8>) throws(TokenizerError) -> Value
    ) throws(TokenizerError) -> Value {
        let result: Result<Value, TokenizerError>
        do throws(TokenizerError) {
            result = .success(try file.withBytes(body))
        } catch {
            result = .failure(.inFile(path: name, error: error))
        }
        do throws(MappedFileError) { try file.verifyUnchanged() } catch {
            throw .unreadable(error)
        }
        return try result.get()
    }

    private static func bytes(of span: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(span.count)
        for index in span.indices { bytes.append(span[index]) }
        return bytes
    }

    /// Nil if there is no file of that name.
    private static func open(_ path: FilePath) throws(TokenizerError) -> MappedFile? {
        do {
            return try MappedFile(path)
        } catch .system(_, _, .noSuchFileOrDirectory), .system(_, _, .notDirectory) {
            return nil
        } catch {
            throw .unreadable(error)
        }
    }
}
