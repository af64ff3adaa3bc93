// The chat template of a checkpoint folder, and the special tokens that it may name.

package import DurableIO
import Failures
package import JSON
package import SystemPackage

/// Looks where transformers looks.
package enum ChatTemplateFolder {
    /// Of tokenizer_config.json, which may list a hundred thousand added tokens.
    private static let limits = JSONLimits(bytes: 64 << 20)

    /// The template of a folder: `chat_template.jinja`, else `chat_template` in
    /// `tokenizer_config.json` (of several, the one named `default`), else in
    /// `chat_template.json`. Nil where there is none.
    ///
    /// - Throws: `ChatTemplateError`; with the file, where a template is not one.
    package static func find(in files: SideFiles) throws(ChatTemplateError) -> ChatTemplate? {
        guard let (source, file) = try located(in: files) else { return nil }
        do {
            return try ChatTemplate(source: source)
        } catch {
            throw .inFile(path: file.string, error: error)
        }
    }

    /// The text of the template that `find` reads, be it one that can be rendered here or not.
    package static func source(in files: SideFiles) throws(ChatTemplateError) -> String? {
        try located(in: files)?.source
    }

    package static func find(in folder: FilePath) throws(ChatTemplateError) -> ChatTemplate? {
        try find(in: SideFiles(folder))
    }

    package static func specialTokens(
        in folder: FilePath
    ) throws(ChatTemplateError) -> JSONObject { try specialTokens(in: SideFiles(folder)) }

    private static func located(
        in files: SideFiles
    ) throws(ChatTemplateError) -> (source: String, file: FilePath)? {
        let name = "chat_template.jinja"
        if let bytes = try read(name, in: files, bytesMax: TemplateLimits.sourceBytesMax) {
            let file = files.path(name)
            guard let source = String(validating: bytes, as: UTF8.self) else {
                throw .file(path: file.string, reason: "not valid UTF-8", failureClass: .user)
            }
            return (source, file)
        }
        for name in ["tokenizer_config.json", "chat_template.json"] {
            guard let value = try object(name, in: files)?["chat_template"], value != .null else {
                continue
            }
            return (try source(value, files.path(name)), files.path(name))
        }
        return nil
    }

    /// The special tokens that templates see by name: `bos_token`, `eos_token`, `unk_token`,
    /// `sep_token`, `pad_token`, `cls_token`, `mask_token`, those that the folder names.
    ///
    /// As transformers 5.24 takes them: from tokenizer_config.json alone where that has
    /// `added_tokens_decoder`; from special_tokens_map.json in older folders, and those that this
    /// does not name from tokenizer_config.json. A token is a string or an object with its
    /// `content`; a null is an answer: there is none.
    ///
    /// - Throws: `ChatTemplateError.file` for a file that cannot be read, or is no JSON object.
    package static func specialTokens(
        in files: SideFiles
    ) throws(ChatTemplateError) -> JSONObject {
        let config = try object("tokenizer_config.json", in: files)
        let isOlder = config?["added_tokens_decoder"] == nil
        let map = isOlder ? try object("special_tokens_map.json", in: files) : nil
        var tokens = JSONObject()
        for name in ["bos", "eos", "unk", "sep", "pad", "cls", "mask"].map({ $0 + "_token" }) {
            let token = map?[name] ?? config?[name]
            if let text = token?.string ?? token?["content"]?.string {
                tokens[name] = .string(text)
            }
        }
        return tokens
    }

    private static func source(
        _ value: JSONValue, _ file: FilePath
    ) throws(ChatTemplateError) -> String {
        if let source = value.string { return source }
        guard case .array(let templates) = value,
            let named = templates.first(where: { $0["name"]?.string == "default" }),
            let source = named["template"]?.string
        else {
            throw .file(
                path: file.string,
                reason: "chat_template: expected a string, or a list of objects with `name` and "
                    + "`template`, one of them named `default`; found \(value.shown)",
                failureClass: .user)
        }
        return source
    }

    private static func object(
        _ name: String, in files: SideFiles
    ) throws(ChatTemplateError) -> JSONObject? {
        guard let bytes = try read(name, in: files, bytesMax: limits.bytes) else { return nil }
        let file = files.path(name)
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes.span, limits: limits, pythonNumbers: true)
        } catch {
            let place = TextPlace.of(offset: error.offset, in: bytes.span)
            throw .file(path: file.string, reason: "\(place): \(error)", failureClass: .user)
        }
        guard case .object(let object) = value else {
            throw .file(
                path: file.string, reason: "expected an object, found \(value.shown)",
                failureClass: .user)
        }
        return object
    }

    /// Nil if there is no file of that name.
    private static func read(
        _ name: String, in files: SideFiles, bytesMax: Int
    ) throws(ChatTemplateError) -> [UInt8]? {
        do {
            return try files.read(name, bytesMax: bytesMax)
        } catch {
            throw .file(
                path: files.path(name).string, reason: FaultText.describe(error),
                failureClass: FailureClass(of: error))
        }
    }
}
