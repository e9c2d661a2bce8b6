; SetAppId: gives the property store whose COM pointer is in $2 the identity ID (System.AppUserModel.ID), as the
; shortcut of a program needs it. $3 is the HRESULT's place: 0 when it worked. Uses $4 to $6.
!macro SetAppId ID
  System::Call '*${SYSSTRUCT_PROPERTYKEY}(${PKEY_AppUserModel_ID})p.r4'
  System::Call '*(&w128 "${ID}")p.r5'
  System::Call '*(&i2 ${VT_LPWSTR}, &i6 0, p r5, &i8 0)p.r6' ; a PROPVARIANT
  ${IPropertyStore::SetValue} $2 '(p r4, p r6).r3'
  System::Free $4
  System::Free $5
  System::Free $6
!macroend
