; The installer of CMMS Backup. package.sh builds it; what it needs to know comes as defines:
;   VERSION, VERSION_NUMBERS (four, with dots), STAGE (the folder as shipped), LISTS (generated: files.nsh),
;   OUTPUT, SIZE_KB, APP_ID, TASK_NAME, AUTOSTART_NAME, SECRET_PREFIX, and ICON and SIGN where there are such.
;
; Switches of the installer
;   /S            no questions
;   /ALLUSERS     for every user of the PC, in Program Files: needs an administrator. Default: this user only
;   /WAIT=N       wait up to N seconds for a running backup or window to end (silent runs; default 0)
;   /D=FOLDER     where to (last, without quotes)
; Switches of the uninstaller
;   /S            no questions; settings and the saved password stay
;   /PURGE        settings and the saved password go too
;   /WAIT=N       as above
; Exit codes: 0 done; 1 the user said no; 2 it did not work, nothing was changed; 5 needs an administrator;
; 9 the program is at work.
;
; An upgrade is in place and whole: the new files are unpacked beside the old ones first, and only when all are
; there do they change places by renaming. An interruption in between is put right by the next run. The program
; is never stopped by us: a backup may be running. Whether it runs is asked of the files: Windows lets nobody
; open a running program for writing. But the icon that a scheduled run leaves behind where something is wrong
; (src/ui/teller.h) does nothing, and stays for half a day: it is asked to go, so that it keeps nobody from an update.
;
; The backup folder may lie beside the program (the fallback "backups"), so neither an upgrade nor the
; uninstaller removes a folder that was not made here, or one in which a *.backup lies.

Unicode true
Target amd64-unicode
ManifestDPIAware true
ManifestSupportedOS Win10
RequestExecutionLevel user
SetCompressor /SOLID lzma
SetCompressorDictSize 64
AllowSkipFiles off
SetOverwrite on
CRCCheck on
ShowInstDetails nevershow
ShowUninstDetails nevershow

!define PRODUCT "CMMS Backup"
!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\CMMSBackup"
!define AUTOSTART_KEY "Software\Microsoft\Windows\CurrentVersion\Run"
!define TELLER_CLASS "CmmsBackupTeller"
!define EXIT_FAILED 2
!define EXIT_NEEDS_ADMINISTRATOR 5
!define EXIT_BUSY 9

; Before the uninstaller goes into the installer.
!ifdef SIGN
  !uninstfinalize '"${SIGN}" "%1"' = 0
!endif

Name "${PRODUCT}"
OutFile "${OUTPUT}"
BrandingText "${PRODUCT} ${VERSION}"
VIProductVersion "${VERSION_NUMBERS}"
VIAddVersionKey ProductName "${PRODUCT}"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey FileDescription "${PRODUCT} installer"
VIAddVersionKey CompanyName "The CMMS Backup authors"
VIAddVersionKey LegalCopyright "Copyright (c) 2026 the CMMS Backup authors"

!include MUI2.nsh
!include LogicLib.nsh
!include FileFunc.nsh
!include WinMessages.nsh
!include x64.nsh
!include WinVer.nsh
!include Win\COM.nsh
!include Win\Propkey.nsh
!include identity.nsh
!include "${LISTS}"

!ifdef ICON
  !define MUI_ICON "${ICON}"
  !define MUI_UNICON "${ICON}"
!endif
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN "$INSTDIR\cmms-backup.exe"
!define MUI_FINISHPAGE_RUN_TEXT "Start ${PRODUCT}"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

Var wait ; seconds that may be waited for the program to end
Var purge
Var failed

; ---- Used by the installer and the uninstaller: UN is "" or "un." ----
!macro Common UN

; $R0: a switch like "/WAIT=". Leaves its value in $R1; the error flag says that it was not given.
Function ${UN}Switch
  Push $R2
  ${GetParameters} $R2
  ClearErrors
  ${GetOptions} "$R2" "$R0" $R1
  Pop $R2
FunctionEnd

; Does not return while a program of ours runs: waits, asks, or gives up.
Function ${UN}NotWhileRunning
  ${Do}
    FindWindow $R6 "${TELLER_CLASS}"
    ${If} $R6 P<> 0
      SendMessage $R6 ${WM_CLOSE} 0 0 /TIMEOUT=2000
    ${EndIf}
    StrCpy $R3 ""
    !insertmacro ForEachProgram CheckProgram
    ${If} $R3 == ""
      ${ExitDo}
    ${EndIf}
    ${If} ${Silent}
      ${If} $wait <= 0
        SetErrorLevel ${EXIT_BUSY}
        Quit
      ${EndIf}
      IntOp $wait $wait - 1
      Sleep 1000
    ${Else}
      MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "${PRODUCT} is at work ($R3): its window or its sign beside the clock is open, or a backup is running.$\r$\n$\r$\nNothing will be stopped by force. Wait for the backup, close the window, choose Exit at the sign beside the clock, and press Retry." IDRETRY +3
      SetErrorLevel ${EXIT_BUSY}
      Quit
    ${EndIf}
  ${Loop}
FunctionEnd

; Whether a *.backup, or a part of one, lies in the folder $R0 or below it: $R1 is 1 or 0.
Function ${UN}HoldsBackups
  Push $R2
  Push $R3
  StrCpy $R1 0
  ${If} ${FileExists} "$R0\*.backup"
  ${OrIf} ${FileExists} "$R0\*.backup.partial"
    StrCpy $R1 1
  ${Else}
    FindFirst $R2 $R3 "$R0\*"
    ${DoWhile} $R3 != ""
      ${If} $R3 != "."
      ${AndIf} $R3 != ".."
      ${AndIf} ${FileExists} "$R0\$R3\*.*"
        Push $R0
        StrCpy $R0 "$R0\$R3"
        Call ${UN}HoldsBackups
        Pop $R0
        ${If} $R1 = 1
          ${ExitDo}
        ${EndIf}
      ${EndIf}
      FindNext $R2 $R3
    ${Loop}
    FindClose $R2
  ${EndIf}
  Pop $R3
  Pop $R2
FunctionEnd

; Removes the folder $R0, unless a backup lies in it.
Function ${UN}RemoveFolder
  Push $R1
  ${If} ${FileExists} "$R0\*.*"
    Call ${UN}HoldsBackups
    ${If} $R1 = 0
      RMDir /r "$R0"
    ${EndIf}
  ${EndIf}
  Pop $R1
FunctionEnd

!macroend

; A virus scanner may hold a file for a moment, so a few tries come before the verdict.
!macro CheckProgram FILE
  ${If} $R3 == ""
  ${AndIf} ${FileExists} "$INSTDIR\${FILE}"
    StrCpy $R4 4
    ${Do}
      ClearErrors
      FileOpen $R5 "$INSTDIR\${FILE}" a
      ${IfNot} ${Errors}
        FileClose $R5
        ${ExitDo}
      ${EndIf}
      IntOp $R4 $R4 - 1
      ${If} $R4 = 0
        StrCpy $R3 "${FILE}"
        ${ExitDo}
      ${EndIf}
      Sleep 250
    ${Loop}
  ${EndIf}
!macroend

!insertmacro Common ""
!insertmacro Common "un."

; ---- The change of places. A unit is a file or a folder that belongs to us as a whole. ----

; After an interruption: what has no place any more comes back from "previous".
!macro RecoverUnit UNIT
  ${If} ${FileExists} "$INSTDIR\previous\${UNIT}"
  ${AndIfNot} ${FileExists} "$INSTDIR\${UNIT}"
    Rename "$INSTDIR\previous\${UNIT}" "$INSTDIR\${UNIT}"
  ${EndIf}
!macroend

!macro SwapUnit UNIT
  ${If} $failed == ""
    ClearErrors
    ${If} ${FileExists} "$INSTDIR\${UNIT}"
      Rename "$INSTDIR\${UNIT}" "$INSTDIR\previous\${UNIT}"
    ${EndIf}
    ${If} ${Errors} ; asking clears the flag
      StrCpy $failed "${UNIT}"
    ${Else}
      Rename "$INSTDIR\incoming\${UNIT}" "$INSTDIR\${UNIT}"
      ${If} ${Errors}
        StrCpy $failed "${UNIT}"
      ${EndIf}
    ${EndIf}
  ${EndIf}
!macroend

; The way back: the new one returns to "incoming", the old one to its place.
!macro UnswapUnit UNIT
  ${If} ${FileExists} "$INSTDIR\previous\${UNIT}"
    ${If} ${FileExists} "$INSTDIR\${UNIT}"
      Rename "$INSTDIR\${UNIT}" "$INSTDIR\incoming\${UNIT}"
    ${EndIf}
    Rename "$INSTDIR\previous\${UNIT}" "$INSTDIR\${UNIT}"
  ${EndIf}
!macroend

Function .onInit
  SetRegView 64
  ${IfNot} ${AtLeastWin10}
    MessageBox MB_OK|MB_ICONSTOP "${PRODUCT} needs Windows 10 or newer." /SD IDOK
    SetErrorLevel ${EXIT_FAILED}
    Quit
  ${EndIf}
  StrCpy $R0 "/WAIT="
  Call Switch
  StrCpy $wait 0
  ${IfNot} ${Errors}
    IntOp $wait $R1 + 0
  ${EndIf}
  StrCpy $R0 "/ALLUSERS"
  Call Switch
  ${If} ${Errors}
    SetShellVarContext current
    StrCpy $R9 "$LOCALAPPDATA\Programs\${PRODUCT}"
  ${Else}
    SetShellVarContext all
    StrCpy $R9 "$PROGRAMFILES64\${PRODUCT}"
    UserInfo::GetAccountType
    Pop $R8
    ${If} $R8 != "Admin"
      MessageBox MB_OK|MB_ICONSTOP "To install for all users, start the installer as an administrator." /SD IDOK
      SetErrorLevel ${EXIT_NEEDS_ADMINISTRATOR}
      Quit
    ${EndIf}
  ${EndIf}
  ${If} $INSTDIR == "" ; no /D
    ReadRegStr $INSTDIR SHCTX "${UNINSTALL_KEY}" "InstallLocation"
    ${If} $INSTDIR == ""
      StrCpy $INSTDIR $R9
    ${EndIf}
  ${EndIf}
FunctionEnd

Section
  Call NotWhileRunning
  SetOutPath $INSTDIR
  !insertmacro ForEachUnit RecoverUnit
  StrCpy $R0 "$INSTDIR\incoming"
  Call RemoveFolder
  StrCpy $R0 "$INSTDIR\previous"
  Call RemoveFolder

  ; Everything is unpacked before anything is changed.
  ClearErrors
  !insertmacro UnpackFiles "$INSTDIR\incoming"
  ${If} ${Errors}
    StrCpy $failed "the files could not be unpacked into $INSTDIR"
  ${EndIf}
  SetOutPath $INSTDIR
  ${If} $failed == ""
    Call NotWhileRunning
    CreateDirectory "$INSTDIR\previous\tools"
    CreateDirectory "$INSTDIR\tools"
    !insertmacro ForEachUnit SwapUnit
    ${If} $failed != ""
      !insertmacro ForEachUnit UnswapUnit
      StrCpy $failed "$failed could not be replaced in $INSTDIR"
    ${EndIf}
  ${EndIf}
  StrCpy $R0 "$INSTDIR\incoming"
  Call RemoveFolder
  ${If} $failed != ""
    RMDir "$INSTDIR\previous\tools"
    RMDir "$INSTDIR\previous"
    RMDir "$INSTDIR\tools"
    RMDir $INSTDIR
    MessageBox MB_OK|MB_ICONSTOP "${PRODUCT} could not be installed: $failed. Nothing was changed." /SD IDOK
    SetErrorLevel ${EXIT_FAILED}
    Quit
  ${EndIf}
  StrCpy $R0 "$INSTDIR\previous"
  Call RemoveFolder
  WriteUninstaller "$INSTDIR\uninstall.exe"

  ; The shortcut carries the identity that the program gives itself: notifications and the taskbar need both.
  CreateShortCut "$SMPROGRAMS\${PRODUCT}.lnk" "$INSTDIR\cmms-backup.exe" "" "$INSTDIR\cmms-backup.exe" 0 \
    SW_SHOWNORMAL "" "Backs up the CMMS database, checks the backup and restores it"
  Call SetShortcutIdentity

  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayName" "${PRODUCT}"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "Publisher" "The CMMS Backup authors"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayIcon" "$INSTDIR\cmms-backup.exe,0"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "EstimatedSize" ${SIZE_KB}
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "NoModify" 1
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "NoRepair" 1
SectionEnd

Function SetShortcutIdentity
  !insertmacro ComHlpr_CreateInProcInstance ${CLSID_ShellLink} ${IID_IShellLink} r0 ""
  ${If} $0 P<> 0
    ${IUnknown::QueryInterface} $0 '("${IID_IPersistFile}",.r1)'
    ${If} $1 P<> 0
      ${IPersistFile::Load} $1 '("$SMPROGRAMS\${PRODUCT}.lnk",2).r4' ; 2: STGM_READWRITE
      ${IUnknown::QueryInterface} $0 '("${IID_IPropertyStore}",.r2)'
      ${If} $2 P<> 0
        !insertmacro SetAppId "${APP_ID}"
        ${If} $3 = 0
          ${IPropertyStore::Commit} $2 ""
          ${IPersistFile::Save} $1 '("$SMPROGRAMS\${PRODUCT}.lnk",1)'
        ${EndIf}
        ${IUnknown::Release} $2 ""
      ${EndIf}
      ${IUnknown::Release} $1 ""
    ${EndIf}
    ${IUnknown::Release} $0 ""
  ${EndIf}
FunctionEnd

; ---- The uninstaller ----

Function un.onInit
  SetRegView 64
  StrCpy $R0 "/WAIT="
  Call un.Switch
  StrCpy $wait 0
  ${IfNot} ${Errors}
    IntOp $wait $R1 + 0
  ${EndIf}
  StrCpy $R0 "/PURGE"
  Call un.Switch
  StrCpy $purge 1
  ${If} ${Errors}
    StrCpy $purge 0
  ${EndIf}
  ; For whom it was installed is where it is registered.
  SetShellVarContext current
  ReadRegStr $R0 SHCTX "${UNINSTALL_KEY}" "InstallLocation"
  ${If} $R0 != $INSTDIR
    SetShellVarContext all
    ReadRegStr $R0 SHCTX "${UNINSTALL_KEY}" "InstallLocation"
    ${If} $R0 == $INSTDIR
      UserInfo::GetAccountType
      Pop $R1
      ${If} $R1 != "Admin"
        MessageBox MB_OK|MB_ICONSTOP "${PRODUCT} was installed for all users. Start the uninstaller as an administrator." /SD IDOK
        SetErrorLevel ${EXIT_NEEDS_ADMINISTRATOR}
        Quit
      ${EndIf}
    ${Else}
      SetShellVarContext current
    ${EndIf}
  ${EndIf}
FunctionEnd

Section Uninstall
  Call un.NotWhileRunning
  ${IfNot} ${Silent}
  ${AndIf} $purge = 0
    MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON2 "Remove your settings and the saved database password as well?$\r$\n$\r$\nBackups are kept in any case." IDNO +2
    StrCpy $purge 1
  ${EndIf}

  ; The scheduled backup and the start with Windows are ours, and of no use without the program.
  nsExec::Exec '"$SYSDIR\schtasks.exe" /Delete /F /TN "${TASK_NAME}"'
  Pop $R0
  DeleteRegValue HKCU "${AUTOSTART_KEY}" "${AUTOSTART_NAME}"

  ; Only what was installed, file by file; a folder goes when nothing is left in it.
  !insertmacro DeleteFiles
  StrCpy $R0 "$INSTDIR\incoming"
  Call un.RemoveFolder
  StrCpy $R0 "$INSTDIR\previous"
  Call un.RemoveFolder
  Delete "$INSTDIR\uninstall.exe"
  SetOutPath $TEMP
  RMDir $INSTDIR
  SetShellVarContext current
  ReadRegStr $R0 SHCTX "${UNINSTALL_KEY}" "InstallLocation"
  ${If} $R0 != $INSTDIR
    SetShellVarContext all
  ${EndIf}
  Delete "$SMPROGRAMS\${PRODUCT}.lnk"
  DeleteRegKey SHCTX "${UNINSTALL_KEY}"

  ${If} $purge = 1
    SetShellVarContext current
    StrCpy $R0 "$LOCALAPPDATA\AIT CMMS\Backup"
    Call un.RemoveFolder
    RMDir "$LOCALAPPDATA\AIT CMMS"
    Call un.ForgetPasswords
  ${EndIf}
SectionEnd

; Every entry of ours in the Credential Manager. CREDENTIALW begins: Flags, Type (4 bytes each), TargetName.
Function un.ForgetPasswords
  System::Call 'ADVAPI32::CredEnumerateW(w "${SECRET_PREFIX}*", i 0, *i .r0, *p .r1) i.r2'
  ${If} $2 <> 0
    StrCpy $3 $1
    ${DoWhile} $0 > 0
      System::Call '*$3(p.r4)'
      System::Call '*$4(i, i.r5, w.r6)'
      System::Call 'ADVAPI32::CredDeleteW(w r6, i r5, i 0)'
      IntPtrOp $3 $3 + ${NSIS_PTR_SIZE}
      IntOp $0 $0 - 1
    ${Loop}
    System::Call 'ADVAPI32::CredFree(p r1)'
  ${EndIf}
FunctionEnd
