; Installs for the person who starts it, without an administrator, into a path of plain letters
; where that is possible: Qt has had trouble with others.
[Setup]
AppId=org.bpstudio.BackpropStudio
AppName=Backprop Studio
AppVersion={#Version}
DefaultDirName={autopf}\Backprop Studio
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
ChangesAssociations=yes
SetupIconFile={#Icon}
UninstallDisplayIcon={app}\bpstudio-window.exe
LicenseFile={#Folder}\_internal\LICENSE
Compression=lzma2
SolidCompression=yes
WizardStyle=modern

[Languages]
Name: "en"; MessagesFile: "compiler:Default.isl"
Name: "ko"; MessagesFile: "compiler:Languages\Korean.isl"

[Files]
Source: "{#Folder}\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[Icons]
Name: "{autoprograms}\Backprop Studio"; Filename: "{app}\bpstudio-window.exe"

[Registry]
Root: HKA; Subkey: "Software\Classes\.bps"; ValueType: string; ValueData: "BackpropStudio.Project"; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\BackpropStudio.Project"; ValueType: string; ValueData: "Backprop Studio project"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\BackpropStudio.Project\DefaultIcon"; ValueType: string; ValueData: "{app}\bpstudio-window.exe,0"
Root: HKA; Subkey: "Software\Classes\BackpropStudio.Project\shell\open\command"; ValueType: string; ValueData: """{app}\bpstudio-window.exe"" ""%1"""

[Run]
Filename: "{app}\bpstudio-window.exe"; Description: "{cm:LaunchProgram,Backprop Studio}"; Flags: nowait postinstall skipifsilent
