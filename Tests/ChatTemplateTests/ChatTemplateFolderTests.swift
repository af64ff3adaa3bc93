// Where the template of a checkpoint folder is looked for, and its special tokens.

import ChatTemplate
import Failures
import Foundation
import JSON
import SystemPackage
import TestSupport
import Testing

@Suite("the chat template of a folder")
struct ChatTemplateFolderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: folder.url.appending(path: name))
    }

    private func rendered() throws -> String? {
        try ChatTemplateFolder.find(in: FilePath(folder.path))?.render(
            messages: [], addGenerationPrompt: false)
    }

    @Test("chat_template.jinja is first, then tokenizer_config.json, then chat_template.json")
    func order() throws {
        #expect(try rendered() == nil)
        try write("tokenizer_config.json", #"{"bos_token": "<s>"}"#)
        #expect(try rendered() == nil)
        try write("chat_template.json", #"{"chat_template": "json {{ 1 }}"}"#)
        #expect(try rendered() == "json 1")
        try write("tokenizer_config.json", #"{"chat_template": "config {{ 2 }}"}"#)
        #expect(try rendered() == "config 2")
        try write("chat_template.jinja", "jinja {{ 3 }}\n")
        #expect(try rendered() == "jinja 3")
    }

    @Test("of several templates the default one")
    func named() throws {
        try write(
            "tokenizer_config.json",
            #"""
            {"chat_template": [{"name": "tool_use", "template": "t"},
            {"name": "default", "template": "d"}], "model_max_length": 1e30}
            """#)
        #expect(try rendered() == "d")
        try write("tokenizer_config.json", #"{"chat_template": null}"#)
        #expect(try rendered() == nil)
    }

    @Test(
        "what is no template is one error that names the file",
        arguments: [
            ("tokenizer_config.json", #"{"chat_template": 3}"#, "the number"),
            ("tokenizer_config.json", #"{"chat_template": [{"name": "x"}]}"#, "default"),
            ("tokenizer_config.json", "[]", "expected an object"),
            ("tokenizer_config.json", "{\n,}", "line 2, column 1"),
            ("chat_template.jinja", "{{ x|foo }}", "the filter `foo`"),
            ("chat_template.json", #"{"chat_template": "{% if %}"}"#, "line 1, column 7"),
        ])
    func wrong(name: String, text: String, words: String) throws {
        try write(name, text)
        let error = #expect(throws: ChatTemplateError.self) { try rendered() }
        let description = try #require(error).description
        #expect(description.contains("/\(name): "))
        if words != "the number" { #expect(description.contains(words), "\(description)") }
        #expect(error?.failureClass == .user)
    }

    /// Asked of transformers 5.24.
    @Test("special tokens are strings or objects, name by name of the file that has the say")
    func specialTokens() throws {
        func found() throws -> JSONObject {
            try ChatTemplateFolder.specialTokens(in: FilePath(folder.path))
        }
        #expect(try found().isEmpty)
        let config =
            #""bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>", "#
            + #""pad_token": null, "add_bos_token": true"#
        try write("tokenizer_config.json", "{\(config)}")
        let own = JSONObject([("bos_token", "<s>"), ("eos_token", "</s>")])
        #expect(try found() == own)
        try write(
            "special_tokens_map.json",
            #"{"eos_token": "<end>", "unk_token": {"content": "?"}, "pad_token": "<pad>"}"#)
        #expect(
            try found()
                == JSONObject([
                    ("bos_token", "<s>"), ("eos_token", "<end>"), ("unk_token", "?"),
                    ("pad_token", "<pad>"),
                ]))
        try write("special_tokens_map.json", #"{"bos_token": null}"#)
        #expect(try found() == JSONObject([("eos_token", "</s>")]))
        try write("special_tokens_map.json", "{")
        #expect(throws: ChatTemplateError.self) { try found() }
        try write("tokenizer_config.json", #"{\#(config), "added_tokens_decoder": {}}"#)
        #expect(try found() == own)
    }
}
