// Completions and man pages, made from what the programs say of themselves.

import Foundation
import TestSupport
import Testing

@Suite("completions and man pages")
struct DocumentsTests {
    private struct Dump: Decodable { let command: Command }

    private struct Command: Decodable {
        struct Argument: Decodable {
            struct Name: Decodable {
                let kind: String
                let name: String
            }

            let names: [Name]?
            let valueName: String
        }

        let commandName: String
        let superCommands: [String]?
        let shouldDisplay: Bool
        let arguments: [Argument]?
        let subcommands: [Command]?

        var title: String { ((superCommands ?? []) + [commandName]).joined(separator: "-") }
        /// Itself and all verbs below it; `help` is what the pages are.
        var all: [Command] {
            [self]
                + (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
                .flatMap(\.all)
        }
    }

    private static func has(_ program: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
    }

    private static let tools = ["bash", "python3", "groff"]

    /// Makes everything into a folder.
    private static func make() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let made = try run(
            Places.root.appending(path: "packaging/documents").path,
            [folder.path, Places.programs.path])
        #expect(made.status == 0 && made.errors.isEmpty, "\(made.errors)")
        return folder
    }

    private static func dump(_ program: String) throws -> Command {
        let said = try run(
            Places.programs.appending(path: program).path, ["--experimental-dump-help"])
        return try JSONDecoder().decode(Dump.self, from: Data(said.output.utf8)).command
    }

    @Test(
        "every verb has a page with all its options, and groff finds no fault",
        .enabled(if: tools.allSatisfy(has), "bash, python3 or groff is missing"),
        arguments: [("layerfold", 1), ("layerfoldd", 8)])
    func pages(program: String, section: Int) throws {
        let folder = try Self.make()
        let pages = "\(folder.path)/share/man/man\(section)"
        let commands = try Self.dump(program).all
        #expect(
            Workshop.names(pages) == commands.map { "\($0.title).\(section)" }.sorted())
        for command in commands {
            let page = "\(pages)/\(command.title).\(section)"
            // Overstriking and colours would hide words.
            let shown = try run(
                "/usr/bin/env", ["groff", "-man", "-ww", "-Tascii", "-P-cbou", "-rLL=200n", page])
            #expect(shown.status == 0 && shown.errors.isEmpty, "\(page): \(shown.errors)")
            for argument in command.arguments ?? [] {
                let names = (argument.names ?? []).map {
                    ($0.kind == "long" ? "--" : "-") + $0.name
                }
                for word in names.isEmpty ? [argument.valueName] : names {
                    #expect(shown.output.contains(word), "\(page): \(word)")
                }
            }
        }
    }

    @Test(
        "pages of files name every key, and main pages say exit codes, files and examples",
        .enabled(if: tools.allSatisfy(has), "bash, python3 or groff is missing"))
    func formats() throws {
        let folder = try Self.make()
        let manuals = folder.path + "/share/man/"
        func page(_ name: String) throws -> String {
            let text = try String(contentsOfFile: manuals + name, encoding: .utf8)
            return text.replacingOccurrences(of: "\\-", with: "-")
        }
        let settings = try String(
            contentsOf: Places.root.appending(path: "systemd/layerfoldd.yaml"), encoding: .utf8)
        let keys = settings.matches(of: #/(?m)^(?:# )?([a-z_]+): /#).map { String($0.1) }
        #expect(keys.count > 15)
        for key in keys {
            #expect(try page("man5/layerfoldd.yaml.5").contains(".TP\n\\fB\(key)\\fR"), "\(key)")
        }
        for key in ["version", "model", "compress", "evaluate", "priority"] {
            #expect(
                try page("man5/layerfold-manifest.5").contains(".TP\n\\fB\(key)\\fR"), "\(key)")
        }
        for name in ["man1/layerfold.1", "man8/layerfoldd.8"] {
            for title in ["EXIT STATUS", "FILES", "EXAMPLES", "SEE ALSO"] {
                #expect(try page(name).contains(".SH \(title)\n"), "\(name): \(title)")
            }
        }
        #expect(try page("man1/layerfold-submit.1").contains("daemon is not to be reached"))
        #expect(try page("man8/layerfoldd.8").contains("78"))
        guard Self.has("mandoc") else { return }
        let pages = try FileManager.default.subpathsOfDirectory(atPath: manuals)
            .filter { $0.contains("/") }.map { manuals + $0 }
        let lint = try run("/usr/bin/env", ["mandoc", "-Tlint", "-Wwarning"] + pages)
        #expect(lint.status == 0, "\(lint.output)")
    }

    @Test(
        "completions know every verb, and bash can read its own",
        .enabled(if: tools.allSatisfy(has), "bash, python3 or groff is missing"))
    func completions() throws {
        let folder = try Self.make()
        let files = [
            "bash-completion/completions/", "zsh/site-functions/_",
            "fish/vendor_completions.d/",
        ].map { folder.path + "/share/" + $0 }
        let ends = ["", "", ".fish"]
        let verbs = try Self.dump("layerfold").all.map(\.commandName)
        for (file, end) in zip(files, ends) {
            let text = try String(contentsOfFile: file + "layerfold" + end, encoding: .utf8)
            for verb in verbs { #expect(text.contains(verb), "\(file): \(verb)") }
            let daemon = try String(contentsOfFile: file + "layerfoldd" + end, encoding: .utf8)
            #expect(daemon.contains("rescan-seconds"), "\(file)")
        }
        for program in ["layerfold", "layerfoldd"] {
            #expect(try run("/usr/bin/env", ["bash", "-n", files[0] + program]).status == 0)
        }
    }
}
